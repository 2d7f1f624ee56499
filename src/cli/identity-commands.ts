/** Commands of users, groups, roles, keys and policies. */
import type { Arguments, Flag } from './command.ts'
import { type IdentityKind, newOf } from './identity-kinds.ts'
import { bucketsFlag, liftedFlag, quotaDetails, quotaFlags } from './quota-flags.ts'
import type { Said } from './said.ts'

type Flags = Readonly<Record<string, Flag>>

const account: Flags = { account: { shown: 'ID', doc: 'Canonical id of another account' } }

interface Kind {
  readonly name: string
  readonly create: string
  readonly own: Flags
}

const kindsOf: Readonly<Record<IdentityKind, Kind>> = {
  user: {
    name: 'ann',
    create: 'ann --quota-bytes 10GiB',
    own: {
      'display-name': { shown: 'TEXT', doc: 'For people' },
      email: { shown: 'ADDRESS', doc: 'E-mail address' },
      ...quotaFlags,
    },
  },
  group: { name: 'staff', create: 'staff', own: {} },
  role: {
    name: 'reader',
    create: 'reader --trust trust.json',
    own: {
      trust: {
        shown: 'FILE',
        doc: 'Policy that says who may assume it, required; - for standard input',
      },
      description: { shown: 'TEXT', doc: 'For people' },
      'max-session': { shown: 'SECONDS', doc: 'How long a session may last [3600]' },
    },
  },
}

type Verb = 'createIdentity' | 'listIdentities' | 'showIdentity' | 'deleteIdentity'
const identity = (verb: Verb, kind: IdentityKind) => async (args: Arguments) =>
  (await import('./identity.ts'))[verb](kind, args)

function identityCommands(kind: IdentityKind): readonly Said[] {
  const { name, create, own } = kindsOf[kind]
  return [
    {
      name: `${kind} create`,
      summary: `Make a ${kind}; one that is there already is well`,
      positionals: newOf[kind],
      own: { ...own, ...account },
      examples: [`moongate ${kind} create ${create}`],
      run: identity('createIdentity', kind),
    },
    {
      name: `${kind} list`,
      summary: `Show the ${kind}s of the account`,
      own: account,
      examples: [`moongate ${kind} list`, `moongate ${kind} list --json`],
      run: identity('listIdentities', kind),
    },
    {
      name: `${kind} info`,
      summary: `Show a ${kind} with its policies`,
      positionals: 'NAME',
      own: account,
      examples: [`moongate ${kind} info ${name}`],
      run: identity('showIdentity', kind),
    },
    {
      name: `${kind} delete`,
      summary: `Delete a ${kind} that nothing hangs on any more`,
      positionals: 'NAME',
      own: account,
      examples: [`moongate ${kind} delete ${name}`],
      run: identity('deleteIdentity', kind),
    },
  ]
}

const membership = (verb: 'add' | 'remove') => async (args: Arguments) =>
  (await import('./identity.ts')).changeMembership(verb, args)

const userCommands: readonly Said[] = [
  {
    name: 'user quota',
    summary: 'Set the quota of what a user writes; what is there is counted first',
    positionals: 'USER',
    own: { ...quotaFlags, ...liftedFlag, ...account },
    details: quotaDetails,
    examples: ['moongate user quota ann --quota-bytes 10GiB', 'moongate user quota ann --none'],
    run: async args => (await import('./identity.ts')).limitUser(args),
  },
  {
    name: 'user add',
    summary: 'Put a user into a group',
    positionals: 'USER GROUP',
    own: account,
    examples: ['moongate user add ann staff'],
    run: membership('add'),
  },
  {
    name: 'user remove',
    summary: 'Take a user out of a group',
    positionals: 'USER GROUP',
    own: account,
    examples: ['moongate user remove ann staff'],
    run: membership('remove'),
  },
]

const key = (name: keyof typeof import('./key.ts')) => async (args: Arguments) =>
  (await import('./key.ts'))[name](args)

const keyCommands: readonly Said[] = [
  {
    name: 'key create',
    summary: 'Make an access key and show its secret once',
    positionals: '[USER]',
    own: {
      expires: { shown: 'WHEN', doc: 'When it stops to work: 30d, 2027-01-31' },
      description: { shown: 'TEXT', doc: 'For people' },
      ...account,
    },
    examples: ['moongate key create ann', 'moongate key create ann --expires 30d'],
    run: key('createKey'),
  },
  {
    name: 'key list',
    summary: 'Show the keys of a user, your own if none is named',
    positionals: '[USER]',
    own: account,
    examples: ['moongate key list ann'],
    run: key('listKeys'),
  },
  {
    name: 'key rotate',
    summary: 'Make a new key in the place of one, and show its secret once',
    positionals: 'KEY',
    own: { grace: { shown: 'TIME', doc: 'How long the old one goes on to work [0s]' }, ...account },
    examples: ['moongate key rotate MGEXAMPLE --grace 1d'],
    run: key('rotateKey'),
  },
  {
    name: 'key disable',
    summary: 'Switch a key off',
    positionals: 'KEY',
    own: account,
    examples: ['moongate key disable MGEXAMPLE'],
    run: key('disableKey'),
  },
  {
    name: 'key enable',
    summary: 'Switch a key on again',
    positionals: 'KEY',
    own: account,
    examples: ['moongate key enable MGEXAMPLE'],
    run: key('enableKey'),
  },
  {
    name: 'key expire',
    summary: 'Say when a key stops to work',
    positionals: 'KEY WHEN',
    own: account,
    examples: ['moongate key expire MGEXAMPLE 30d', 'moongate key expire MGEXAMPLE never'],
    run: key('expireKey'),
  },
  {
    name: 'key delete',
    summary: 'Delete a key; it stops to work at once',
    positionals: 'KEY',
    own: account,
    examples: ['moongate key delete MGEXAMPLE'],
    run: key('deleteKey'),
  },
]

type PolicyCommand =
  | 'createPolicy'
  | 'listPolicies'
  | 'showPolicy'
  | 'deletePolicy'
  | 'attachPolicy'
  | 'detachPolicy'
  | 'testPolicy'
const policy = (name: PolicyCommand) => async (args: Arguments) =>
  (await import('./policy.ts'))[name](args)

const who: Flags = {
  user: { shown: 'NAME', doc: 'The user' },
  role: { shown: 'NAME', doc: 'The role' },
}
const holder: Flags = { ...who, group: { shown: 'NAME', doc: 'The group' }, ...account }

const inlineDetails = async (): Promise<string> =>
  'With --user, --group or --role an inline policy is meant: one that nobody else has.'

const policyCommands: readonly Said[] = [
  {
    name: 'policy create',
    summary: 'Make a policy, or put another document in force',
    details: inlineDetails,
    positionals: 'NAME [FILE]',
    own: {
      read: {
        shown: 'PLACE',
        doc: 'May list and read there: a bucket, photos/2026/, /vol1/photos/',
      },
      write: { shown: 'PLACE', doc: 'May write and delete there' },
      description: { shown: 'TEXT', doc: 'For people' },
      ...holder,
    },
    examples: [
      'moongate policy create read-2026 --read photos/2026/',
      'moongate policy create reports reports.json',
      'moongate policy create own own.json --user ann',
    ],
    run: policy('createPolicy'),
  },
  {
    name: 'policy list',
    summary: 'Show the policies of the account',
    own: { all: { doc: 'With those that are built in' }, ...holder },
    details: inlineDetails,
    examples: [
      'moongate policy list',
      'moongate policy list --all',
      'moongate policy list --user ann',
    ],
    run: policy('listPolicies'),
  },
  {
    name: 'policy info',
    summary: 'Show a policy: its document and who has it',
    positionals: 'NAME',
    own: holder,
    details: inlineDetails,
    examples: ['moongate policy info read-2026', 'moongate policy info own --user ann'],
    run: policy('showPolicy'),
  },
  {
    name: 'policy attach',
    summary: 'Give a policy to a user, group or role',
    positionals: 'NAME',
    own: holder,
    examples: ['moongate policy attach read-2026 --user ann'],
    run: policy('attachPolicy'),
  },
  {
    name: 'policy detach',
    summary: 'Take a policy away from a user, group or role',
    positionals: 'NAME',
    own: holder,
    examples: ['moongate policy detach read-2026 --user ann'],
    run: policy('detachPolicy'),
  },
  {
    name: 'policy delete',
    summary: 'Delete a policy that nobody has any more',
    positionals: 'NAME',
    own: holder,
    details: inlineDetails,
    examples: ['moongate policy delete read-2026', 'moongate policy delete own --user ann'],
    run: policy('deletePolicy'),
  },
  {
    name: 'policy test',
    summary: 'Show whether somebody may do something, and which statement says so',
    positionals: 'ACTION RESOURCE',
    own: {
      ...who,
      anonymous: { doc: 'Somebody without a key' },
      context: { shown: 'NAME=VALUE', doc: 'A condition key, for instance aws:SourceIp=10.0.0.1' },
      ...account,
    },
    details: async () =>
      [
        'RESOURCE is bucket/key, s3://bucket/key, /volume/bucket/key or an ARN; * for what concerns no bucket.',
        'With s3:ListBucket what stands behind the bucket is the prefix that is listed.',
        'Without who, the account’s root is meant. A bucket that is not there is judged as one that the account made.',
        'Exit status: 0 allowed, 1 denied, 2 wrong use or failed.',
      ].join('\n'),
    examples: [
      'moongate policy test s3:PutObject photos/2026/moon.jpg --user ann',
      'moongate policy test s3:GetObject /vol1/photos/moon.jpg --anonymous',
    ],
    run: policy('testPolicy'),
  },
]

const ofAccount =
  (name: 'listAccounts' | 'showAccount' | 'limitAccount') => async (args: Arguments) =>
    (await import('./account.ts'))[name](args)

const accountCommands: readonly Said[] = [
  {
    name: 'account list',
    summary: 'Show all accounts: canonical id, number, name',
    examples: ['moongate account list', 'moongate account list --json'],
    run: ofAccount('listAccounts'),
  },
  {
    name: 'account info',
    summary: 'Show an account, your own if none is named, with its quota',
    positionals: '[ID]',
    examples: ['moongate account info', 'moongate account info research'],
    run: ofAccount('showAccount'),
  },
  {
    name: 'account quota',
    summary: 'Set the quota of all buckets of an account; what is in them is counted first',
    positionals: '[ID]',
    own: { ...quotaFlags, ...bucketsFlag, ...liftedFlag },
    details: quotaDetails,
    examples: ['moongate account quota --quota-bytes 1TiB'],
    run: ofAccount('limitAccount'),
  },
]

export const identityCommandList: readonly Said[] = [
  ...accountCommands,
  ...identityCommands('user'),
  ...userCommands,
  ...identityCommands('group'),
  ...identityCommands('role'),
  ...keyCommands,
  ...policyCommands,
]
