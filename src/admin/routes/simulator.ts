/** The policy simulator: whether somebody may do something, and which statement says so. */
import {
  decisionOf,
  explanationOf,
  needsObject,
  type ObjectFacts,
  type Question,
} from '../../access/authorize.ts'
import { bucketPolicyName, linkPolicyName, newSettings } from '../../access/bucket-access.ts'
import { anonymousIn, type Principal } from '../../access/principal.ts'
import { holderOf, principalOf, roleIdentity } from '../../access/principals.ts'
import { S3Error } from '../../model/errors.ts'
import { QueryError } from '../../model/query-errors.ts'
import type { BucketInfo, Resolved } from '../../ports/keyspace.ts'
import { s3Action, s3Actions } from '../../rules/policy/actions.ts'
import type { Decision } from '../../rules/policy/decide.ts'
import type { Explanation, Judged } from '../../rules/policy/explain.ts'
import { AdminError, accessDenied } from '../errors.ts'
import { administers, hasRight } from '../rights.ts'
import { type AdminContext, type Route, route, type Scope } from '../route.ts'
import { accountField, accountOf, accountScope } from './identities.ts'
import { volumeNamed } from './names.ts'

interface Who {
  readonly account?: string | undefined
  readonly user?: string | undefined
  readonly role?: string | undefined
  readonly anonymous?: boolean | undefined
}

const gone = (what: string): QueryError =>
  new QueryError('NoSuchEntity', `The ${what} cannot be found.`)

/** Who is thought of, with all the policies that a request of theirs would have. */
async function principalFor(who: Who, context: AdminContext): Promise<Principal> {
  const { access, principal } = context
  const { identities } = access.iam
  const named = [who.user, who.role].filter(name => name !== undefined).length
  if (named + (who.anonymous === true ? 1 : 0) > 1)
    throw new AdminError('InvalidInput', 'Name a user, or a role, or anonymous.')
  if (who.anonymous === true) return anonymousIn(principal.volume)
  const id = accountOf(who, context)
  const account = await access.account(id)
  if (account === undefined) throw gone('account')
  const { canonicalId } = await access.rootPrincipal('')
  const key = { accessKeyId: '', administers: id === canonicalId }
  if (who.role === undefined) {
    const holder = { ...key, user: who.user ?? null }
    const found = await holderOf(identities, account, holder)
    if (found === undefined) throw gone(`user ${who.user}`)
    return found
  }
  const role = await identities.role(id, who.role)
  if (role === undefined) throw gone(`role ${who.role}`)
  return principalOf(account, key, roleIdentity(role, account, { name: 'simulated', facts: {} }))
}

/** As S3 writes it. Throws InvalidInput for what S3 does not have: nobody is ever asked for that. */
function actionOf(text: string): string {
  if (!text.startsWith('s3:')) return text
  const action = s3Action(text)
  if (action !== undefined) return action
  throw new AdminError('InvalidInput', `S3 has no action ${text}, by which policies could give it.`)
}

/** Of a whole bucket nobody is asked what may be done with an object: the answer would be no, whoever it is. */
function requireKey(action: string, name: string | undefined, key: string | undefined): void {
  if (name === undefined || key !== undefined || s3Actions.get(action) !== 'object') return
  throw new AdminError('InvalidInput', `${action} is asked of an object: say its key too.`)
}

/** Where a name is looked up: where a request of who is thought of would look. */
const volumeOf = (
  { volume, account }: { volume?: string | undefined; account?: string | undefined },
  principal: Principal,
  context: AdminContext,
): string =>
  volume === undefined && account !== undefined
    ? principal.volume
    : volumeNamed(volume ?? '-', context)

/** A bucket that an account could make now. */
function bucketToBe(
  at: { readonly volume: string; readonly name: string; readonly owner: string },
  { region, clock, newBuckets }: AdminContext,
): BucketInfo {
  const settings = newSettings(newBuckets)
  return { ...at, id: '', region, created: clock.now(), versioning: 'off', settings, revision: 0 }
}

/** A way, and whose buckets on it tell what they are judged by. */
interface Known extends Resolved {
  /** Undefined: all of them. */
  readonly only: string | undefined
}

/**
 * The bucket that a name leads to, as far as it is any affair of who asks. In another volume one of another account says
 * the same as one that is not there. In one's own names are no secret, since nobody else can have them; so a bucket of
 * another account is judged as what it is, and only its documents are kept back.
 */
async function wayTo(
  volume: string,
  name: string,
  account: string,
  context: AdminContext,
): Promise<Known | undefined> {
  const all = await administers(context)
  const isHere = volume === context.principal.volume
  try {
    const way = await context.buckets.resolve(volume, name)
    const isOwn = [...way.via, way.bucket].every(({ owner }) => owner === account)
    if (all || isOwn || isHere) return { ...way, only: all ? undefined : account }
  } catch (error) {
    if (!(error instanceof S3Error)) throw error
    if (all && error.code === 'NoSuchBucket') return undefined
    if (all) throw error
  }
  if (isHere) return undefined
  throw accessDenied()
}

/** What the client itself decides about a request. */
const ofRequest = /^s3:(?:prefix|delimiter|max-keys|versionid|x-amz-.+|requestobjecttag.+)$/

/**
 * What nobody can try for real would tell what the conditions of another account are. Throws InvalidInput.
 */
function requireHarmless(given: ReadonlyMap<string, unknown>, { via, bucket, only }: Known): void {
  if (only === undefined || [...via, bucket].every(({ owner }) => owner === only)) return
  const name = [...given.keys()].find(key => !ofRequest.test(key))
  if (name === undefined) return
  throw new AdminError(
    'InvalidInput',
    `context.${name} cannot be thought of for a bucket of another account.`,
  )
}

async function factsOf(
  bucket: BucketInfo,
  key: string,
  { buckets }: AdminContext,
): Promise<ObjectFacts | undefined> {
  try {
    return await buckets.keyspace(bucket).head({ key })
  } catch (error) {
    if (error instanceof S3Error && error.status < 500) return undefined
    throw error
  }
}

interface Step {
  readonly at: string
  readonly decision: Decision
  readonly explanation: Explanation
  /** Whether the account that is asked about has the bucket. */
  readonly exists?: boolean
}

const numberOf = async (account: string, { access }: AdminContext): Promise<string | undefined> =>
  (await access.account(account))?.accountNumber

/** Of another account's policy nobody is told more than that it decided. */
function keptBack(decision: Decision): Decision {
  const { allowed, reason, policy } = decision
  if (policy !== bucketPolicyName && policy !== linkPolicyName) return decision
  return { allowed, reason, policy: bucketPolicyName }
}

/** Nor whether there is one. */
const untold: Judged = { kind: 'resource', policy: bucketPolicyName }

/** What is decided, and what of it is told: `tells`, whether the documents of the bucket are. */
function judge(question: Question, tells = true): Pick<Step, 'decision' | 'explanation'> {
  const decision = decisionOf(question)
  const explanation = explanationOf(question, decision, tells)
  if (tells) return { decision, explanation }
  const judged = [...explanation.judged, untold]
  return { decision: keptBack(decision), explanation: { ...explanation, judged } }
}

/** Each link on the way, then the bucket; the first that is denied ends it. */
async function walk(
  way: Known,
  questionOn: (bucket: BucketInfo, resourceAccount: string | undefined) => Question,
  context: AdminContext,
): Promise<Step> {
  for (const bucket of [...way.via, way.bucket]) {
    const asked = questionOn(bucket, await numberOf(bucket.owner, context))
    const key = bucket === way.bucket && needsObject(asked) ? asked.key : undefined
    const object = key === undefined ? undefined : await factsOf(bucket, key, context)
    const tells = way.only === undefined || bucket.owner === way.only
    const step = judge({ ...asked, object }, tells)
    if (step.decision.allowed && bucket !== way.bucket) continue
    return { at: `/${bucket.volume}/${bucket.name}`, ...step }
  }
  throw new Error('a way ends at a bucket')
}

function givenOf(context: Readonly<Record<string, unknown>> | undefined) {
  const given = new Map<string, string | readonly string[]>()
  for (const [name, value] of Object.entries(context ?? {})) {
    const values = Array.isArray(value) ? value : [value]
    if (!values.every(item => typeof item === 'string'))
      throw new AdminError('InvalidInput', `context.${name} must be text, or a list of texts.`)
    given.set(name.toLowerCase(), Array.isArray(value) ? values : (values[0] ?? ''))
  }
  return given
}

/** What stands in policies is told to who may read them. */
async function toldTo(context: AdminContext, step: Step, scope: Scope): Promise<Step> {
  if (step.explanation.nearest === undefined) return step
  if (await hasRight(context, 'admin:GetPolicy', { scope, resource: 'policy/*' })) return step
  return { ...step, explanation: { ...step.explanation, nearest: undefined } }
}

function told({ at, decision, explanation, exists = true }: Step, principal: Principal) {
  const { allowed, reason, policy, sid, statement } = decision
  return {
    allowed,
    reason,
    policy: policy ?? null,
    sid: sid ?? null,
    /** From 1. */
    statement: statement === undefined ? null : statement + 1,
    at,
    exists,
    as: principal.identity.arn || 'anonymous',
    ...whyOf(explanation),
  }
}

function whyOf({ judged, nearest }: Explanation) {
  return {
    judged: judged.map(({ kind, policy, statements = null, about = null }) => ({
      kind,
      policy,
      statements,
      about,
    })),
    nearest:
      nearest === undefined
        ? null
        : { ...nearest, statement: nearest.statement + 1, sid: nearest.sid ?? null },
  }
}

export const simulatorRoutes: readonly Route[] = [
  route({
    name: 'TestPolicy',
    method: 'POST',
    path: '/policy/test',
    changes: false,
    summary:
      'Whether somebody may do something, which statement says so, what was looked at, and what came near',
    fields: {
      account: { ...accountField, in: 'body' },
      user: { is: 'text', in: 'body', doc: 'Name of the user; without who, the account’s root' },
      role: { is: 'text', in: 'body', doc: 'Name of the role' },
      anonymous: { is: 'flag', in: 'body', doc: 'Somebody without a key' },
      action: {
        is: 'text',
        in: 'body',
        required: true,
        form: /^[a-z0-9-]+:[A-Za-z0-9]+$/,
        doc: 'For instance s3:PutObject',
      },
      volume: { is: 'text', in: 'body', doc: 'Volume of the bucket; that of who is thought of' },
      bucket: { is: 'text', in: 'body', doc: 'Bucket or link; none for s3:ListAllMyBuckets' },
      key: { is: 'text', in: 'body', doc: 'Key of the object' },
      context: { is: 'record', in: 'body', doc: 'Condition keys with their values' },
    },
    entities: ({ account, user, role }) => ({ account, user, role }),
    scope: accountScope,
    resource: ({ user, role }) => (role === undefined ? `user/${user ?? '*'}` : `role/${role}`),
    async run(input, context) {
      const { bucket: name, key } = input
      const action = actionOf(input.action)
      const principal = await principalFor(input, context)
      requireKey(action, name, key)
      const volume = volumeOf(input, principal, context)
      const given = givenOf(input.context)
      const imagined = (bucket: BucketInfo | undefined, resourceAccount?: string) => ({
        principal,
        action,
        volume,
        bucket,
        key,
        condition: context.imagine(principal, { bucket, key, resourceAccount }, given),
      })
      const say = async (step: Step) => {
        const known = await toldTo(context, step, accountScope(input, context))
        return { data: told(known, principal) }
      }
      if (name === undefined || action === 's3:CreateBucket') {
        const own = principal.accountNumber
        return say({ at: '*', ...judge({ ...imagined(undefined, own), name }) })
      }
      const account = accountOf(input, context)
      const way = await wayTo(volume, name, account, context)
      if (way === undefined) {
        const toBe = bucketToBe({ volume, name, owner: account }, context)
        const step = judge(imagined(toBe, await numberOf(account, context)))
        return say({ at: `/${volume}/${name}`, ...step, exists: false })
      }
      requireHarmless(given, way)
      return say(await walk(way, imagined, context))
    },
  }),
]
