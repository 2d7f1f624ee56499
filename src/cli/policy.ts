/** `moongate policy …`. */
import { adminPath } from '../admin/client.ts'
import { CommandFailed } from '../server/folder.ts'
import { call, callAll, flagOf, positionalsOf } from './calls.ts'
import { type Arguments, WrongUse } from './command.ts'
import { documentIn } from './document.ts'
import { type Judged, type Nearest, whyLines } from './why.ts'

const accountOf = (args: Arguments) => ({ account: flagOf(args, 'account') })

interface Split {
  /** As a policy names it: in another volume with that before a colon. */
  readonly arn: string
  readonly prefix: string
}

/** `photos/2026/`, or `/vol1/photos/2026/`: a bucket and what its keys begin with. */
function placeOf(text: string): Split {
  const [, volume = '', rest = ''] = /^\/([^/]+)\/(.+)$/.exec(text) ?? ['', '', text]
  const slash = rest.indexOf('/')
  const bucket = slash < 0 ? rest : rest.slice(0, slash)
  if (bucket === '') throw new WrongUse(`${text} is no place, as photos/2026/ is.`)
  const prefix = slash < 0 ? '' : rest.slice(slash + 1)
  return { arn: `arn:aws:s3::${volume}:${bucket}`, prefix }
}

function listing({ arn, prefix }: Split, sid: string): object {
  const condition = { StringLike: { 's3:prefix': `${prefix}*` } }
  return {
    Sid: sid,
    Effect: 'Allow',
    Action: 's3:ListBucket',
    Resource: arn,
    ...(prefix === '' ? {} : { Condition: condition }),
  }
}

const objects = ({ arn, prefix }: Split, sid: string, actions: readonly string[]): object => ({
  Sid: sid,
  Effect: 'Allow',
  Action: actions,
  Resource: `${arn}/${prefix}*`,
})

const reading = ['s3:GetObject', 's3:GetObjectVersion', 's3:GetObjectTagging']
const writing = ['s3:PutObject', 's3:DeleteObject', 's3:AbortMultipartUpload']

/** The document that `--read` and `--write` mean. */
export function documentOf(read: readonly string[], write: readonly string[]): object {
  const statements = [
    ...read.map(placeOf).flatMap((place, index) => {
      const number = read.length > 1 ? String(index + 1) : ''
      return [listing(place, `List${number}`), objects(place, `Read${number}`, reading)]
    }),
    ...write.map(placeOf).map((place, index) => {
      const number = write.length > 1 ? String(index + 1) : ''
      return objects(place, `Write${number}`, writing)
    }),
  ]
  return { Version: '2012-10-17', Statement: statements }
}

function saidDocument(args: Arguments, file: string | undefined): object {
  const read = args.flags.get('read') ?? []
  const write = args.flags.get('write') ?? []
  const isSaid = read.length + write.length > 0
  if (isSaid === (file !== undefined))
    throw new WrongUse('Name a FILE (or - for standard input), or say --read or --write PLACE.')
  return file === undefined ? documentOf(read, write) : documentIn(file)
}

const kinds = ['user', 'group', 'role'] as const

interface Holder {
  readonly kind: (typeof kinds)[number]
  readonly name: string
  /** In the API. */
  readonly path: string
  /** For people. */
  readonly words: string
}

/** Who is named by --user, --group or --role; undefined: nobody. */
function holderOf(args: Arguments): Holder | undefined {
  const [kind, ...more] = kinds.filter(one => args.flags.has(one))
  if (kind === undefined) return undefined
  if (more.length > 0) throw new WrongUse('Say one of --user NAME, --group NAME or --role NAME.')
  const name = flagOf(args, kind) ?? ''
  return { kind, name, path: adminPath(`${kind}s`, name), words: `${kind} ${name}` }
}

const inlinePath = ({ path }: Holder, policy: string): string =>
  `${path}/inline${adminPath(policy)}`

async function putInline(args: Arguments, holder: Holder, name: string, document: object) {
  if (args.flags.has('description')) throw new WrongUse('An inline policy has no --description.')
  const data = await call<{ created: boolean }>(args, {
    method: 'PUT',
    path: inlinePath(holder, name),
    query: accountOf(args),
    body: { document },
  })
  const state = data.created ? 'is made' : 'is another now'
  args.output.result(`Policy ${name} of ${holder.words} ${state}.`, data)
  return 0
}

export async function createPolicy(args: Arguments): Promise<number> {
  const [name = '', file] = positionalsOf(args, 'policy create NAME [FILE]', 1, 2)
  const holder = holderOf(args)
  if (holder !== undefined) return putInline(args, holder, name, saidDocument(args, file))
  const data = await call<{ created: boolean; changed: boolean }>(args, {
    method: 'PUT',
    path: adminPath('policies', name),
    query: accountOf(args),
    body: { document: saidDocument(args, file), description: flagOf(args, 'description') },
  })
  const there = data.changed ? 'has a new version' : 'is there already'
  args.output.result(`Policy ${name} ${data.created ? 'is made' : there}.`, data)
  return 0
}

export async function listPolicies(args: Arguments): Promise<number> {
  positionalsOf(args, 'policy list', 0)
  const holder = holderOf(args)
  const isAll = args.flags.has('all')
  if (isAll && holder !== undefined) throw new WrongUse('--all is of those that nobody has alone.')
  const query = { ...accountOf(args), all: isAll ? 'true' : undefined }
  const path = holder === undefined ? '/policies' : `${holder.path}/inline`
  const what = { method: 'GET', path, query } as const
  for (const policy of await callAll<{ name: string }>(args, what, 'policies'))
    args.output.result(policy.name, policy)
  return 0
}

async function showInline(args: Arguments, holder: Holder, name: string): Promise<number> {
  const path = inlinePath(holder, name)
  const query = accountOf(args)
  const data = await call<{ document: unknown }>(args, { method: 'GET', path, query })
  const words = [name, `  held by  ${holder.words}`, JSON.stringify(data.document, null, 2)]
  args.output.result(words.join('\n'), data)
  return 0
}

export async function showPolicy(args: Arguments): Promise<number> {
  const [name = ''] = positionalsOf(args, 'policy info NAME', 1)
  const holder = holderOf(args)
  if (holder !== undefined) return showInline(args, holder, name)
  const data = await call<{
    policy: { arn: string }
    document?: unknown
    holders: readonly string[]
  }>(args, { method: 'GET', path: adminPath('policies', name), query: accountOf(args) })
  const words = [
    `  arn      ${data.policy.arn}`,
    `  held by  ${data.holders.join(', ') || 'nobody'}`,
    ...(data.document === undefined ? [] : [JSON.stringify(data.document, null, 2)]),
  ]
  args.output.result([name, ...words].join('\n'), data)
  return 0
}

export async function deletePolicy(args: Arguments): Promise<number> {
  const [name = ''] = positionalsOf(args, 'policy delete NAME', 1)
  const holder = holderOf(args)
  const path = holder === undefined ? adminPath('policies', name) : inlinePath(holder, name)
  await call(args, { method: 'DELETE', path, query: accountOf(args) })
  const whose = holder === undefined ? {} : { [holder.kind]: holder.name }
  const words = holder === undefined ? name : `${name} of ${holder.words}`
  args.output.result(`Policy ${words} is gone.`, { policy: name, ...whose, deleted: true })
  return 0
}

async function change(verb: 'attach' | 'detach', args: Arguments): Promise<number> {
  const [policy = ''] = positionalsOf(args, `policy ${verb} NAME --user USER`, 1)
  const holder = holderOf(args)
  if (holder === undefined)
    throw new WrongUse('Say one of --user NAME, --group NAME or --role NAME.')
  const { kind, name } = holder
  const path = `${holder.path}${adminPath('policies', policy)}`
  const method = verb === 'attach' ? 'PUT' : 'DELETE'
  await call(args, { method, path, query: accountOf(args) })
  const attached = verb === 'attach'
  const words = attached ? 'is attached to' : 'is taken away from'
  args.output.result(`Policy ${policy} ${words} ${kind} ${name}.`, {
    policy,
    [kind]: name,
    attached,
  })
  return 0
}

export const attachPolicy = (args: Arguments): Promise<number> => change('attach', args)
export const detachPolicy = (args: Arguments): Promise<number> => change('detach', args)

interface Tested {
  readonly allowed: boolean
  readonly reason: string
  readonly policy: string | null
  readonly sid: string | null
  readonly statement: number | null
  readonly at: string
  readonly exists: boolean
  readonly as: string
  readonly judged: readonly Judged[]
  readonly nearest: Nearest | null
}

interface Resource {
  readonly bucket?: string
  readonly key?: string | undefined
  readonly volume?: string | undefined
}

/** `photos/2026/a.jpg`, `s3://photos/…`, `/vol1/photos/…`, `arn:aws:s3:::photos/…`, or `*` for what concerns no bucket. */
export function resourceIn(said: string): Resource {
  if (said === '*') return {}
  const text = said.replace(/^s3:\/\//, '')
  const arn = /^arn:aws:s3::([^:]*):(.+)$/.exec(text)
  const [, volume = '', rest = ''] = arn ?? /^\/([^/]+)\/(.+)$/.exec(text) ?? ['', '', text]
  const slash = rest.indexOf('/')
  const bucket = slash < 0 ? rest : rest.slice(0, slash)
  const key = slash < 0 || slash === rest.length - 1 ? undefined : rest.slice(slash + 1)
  return { bucket, key, volume: volume === '' ? undefined : volume }
}

/** `name=value`; a name that is said several times has several values. */
function contextOf(args: Arguments): object | undefined {
  const pairs = args.flags.get('context')
  if (pairs === undefined) return undefined
  const context = new Map<string, string[]>()
  for (const pair of pairs) {
    const equals = pair.indexOf('=')
    if (equals < 1) throw new WrongUse(`--context ${pair} must be NAME=VALUE.`)
    const name = pair.slice(0, equals)
    context.set(name, [...(context.get(name) ?? []), pair.slice(equals + 1)])
  }
  const single = (values: readonly string[]) => (values.length === 1 ? values[0] : values)
  return Object.fromEntries([...context].map(([name, values]) => [name, single(values)]))
}

/** What lists the keys of a bucket has no key: one is meant as the prefix that is asked for. */
const listings = /^s3:ListBucket(?:Versions|MultipartUploads)?$/i

interface Asked {
  readonly action: string
  readonly key?: string | undefined
  readonly context: object | undefined
}

function listed<A extends Asked>(asked: A): A {
  const { action, key, context } = asked
  if (key === undefined || !listings.test(action)) return asked
  return { ...asked, key: undefined, context: { 's3:prefix': key, ...context } }
}

/** Why, in words that stand after Allowed or Denied. */
function whyInWords({ allowed, reason, policy, sid, statement }: Tested): string {
  if (policy === null)
    return reason === 'allowed' ? 'to the root user' : reason.replace(/^allowed /, '')
  const named = policy.endsWith(' policy') ? `the ${policy}` : `the policy ${policy}`
  // Which one of another account's it was nobody is told.
  const place = statement === null ? '' : `, statement ${statement}`
  const which = `${named}${place}${sid === null ? '' : ` (${sid})`}`
  return allowed ? `by ${which}` : `an ${reason} in ${which}`
}

/** A status of its own is for who is denied, so that a script cannot take a failure for that. */
const statusOfFailure = 2

export async function testPolicy(args: Arguments): Promise<number> {
  const [action = '', resource = ''] = positionalsOf(args, 'policy test ACTION RESOURCE', 2)
  const question = listed({
    ...accountOf(args),
    user: flagOf(args, 'user'),
    role: flagOf(args, 'role'),
    anonymous: args.flags.has('anonymous') ? true : undefined,
    action: action.includes(':') ? action : `s3:${action}`,
    ...resourceIn(resource),
    context: contextOf(args),
  })
  let data: Tested
  try {
    data = await call<Tested>(args, { method: 'POST', path: '/policy/test', body: question })
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error
    args.output.note(`moongate: ${error.message}`)
    return statusOfFailure
  }
  const { allowed, as, at, exists } = data
  const words = [
    `${allowed ? 'Allowed' : 'Denied'}: ${whyInWords(data)}`,
    `  to ${as}, at ${at}`,
    ...(exists ? [] : ['  The account has no such bucket yet: judged as one that it made.']),
    ...whyLines(data, question.action),
  ]
  args.output.result(words.join('\n'), data)
  return allowed ? 0 : 1
}
