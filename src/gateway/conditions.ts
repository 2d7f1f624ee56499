/** The condition keys of policies, read off a request: global ones, and those of S3. */
import { callerOf } from '../access/authorize.ts'
import type { Principal } from '../access/principal.ts'
import { tagsOf } from '../operations/s3/bucket/tagging.ts'
import type { BucketInfo } from '../ports/keyspace.ts'
import type { ConditionValues } from '../rules/policy/request.ts'
import { parseTagging } from '../rules/tags.ts'
import { parseAmzDate } from '../wire/auth/dates.ts'
import type { Query } from '../wire/query.ts'

export interface Circumstances {
  readonly principal: Principal
  readonly bucket: BucketInfo | undefined
  /** Number of the account that the resource belongs to, where that is at hand. */
  readonly resourceAccount: string | undefined
  readonly key: string | undefined
  /** Of the object that is asked for, where the request says so. */
  readonly versionId?: string | undefined
  readonly query: Query
  /** It is a form, which is signed in its fields. */
  readonly form?: boolean
  /** A header by its lower-case name, or what stands for it in a form. */
  readonly header: (name: string) => string | undefined
  /** Of the client, with forwarding headers believed only from trusted proxies. */
  readonly sourceIp: string
  readonly encrypted: boolean
  /** TLS version of the client's own connection, as AWS writes it: `1.3`. */
  readonly tlsVersion: () => string | undefined
  /** Milliseconds since the epoch. */
  readonly now: number
  readonly region: string
}

type Value = string | readonly string[] | undefined
type Read = (about: Circumstances) => Value

const principalTypes = {
  anonymous: 'Anonymous',
  root: 'Account',
  user: 'User',
  'assumed-role': 'AssumedRole',
  'federated-user': 'FederatedUser',
} as const

const present = (text: string): Value => (text === '' ? undefined : text)
const header =
  (name: string): Read =>
  about =>
    about.header(name)
const query =
  (name: string): Read =>
  about =>
    about.query.get(name)

/** An upload by a form has none, whatever its request's headers say. */
const precondition =
  (name: string): Read =>
  ({ form, header: of }) =>
    form === true ? undefined : of(name)

function authType({ principal, query: asked, form }: Circumstances): Value {
  if (principal.kind === 'anonymous') return undefined
  if (form === true) return 'POST'
  return asked.has('X-Amz-Signature') || asked.has('Signature')
    ? 'REST-QUERY-STRING'
    : 'REST-HEADER'
}

function signatureVersion({ principal, query: asked, header: of, form }: Circumstances): Value {
  if (principal.kind === 'anonymous') return undefined
  const inHeader = form === true ? of('x-amz-algorithm') : of('authorization')
  const algorithm = (form === true ? undefined : asked.get('X-Amz-Algorithm')) ?? inHeader ?? ''
  return algorithm.startsWith('AWS4-') ? algorithm.split(' ')[0] : 'AWS'
}

/** Milliseconds since it was signed, by the date that the signature holds. */
function signatureAge(about: Circumstances): Value {
  const { principal, query: asked, header: of, now, form } = about
  if (principal.kind === 'anonymous') return undefined
  const inQuery = form === true ? undefined : asked.get('X-Amz-Date')
  const date = inQuery ?? of('x-amz-date')
  const signed = date === undefined ? Date.parse(of('date') ?? '') : parseAmzDate(date)
  return Number.isNaN(signed) ? undefined : String(Math.max(0, now - signed))
}

const fixed: Readonly<Record<string, Read>> = {
  // A session is known by its role.
  'aws:principalarn': ({ principal, bucket }) =>
    present(callerOf(principal, bucket?.volume).arns.at(-1) ?? ''),
  'aws:principalaccount': ({ principal }) => present(principal.accountNumber),
  'aws:principaltype': ({ principal }) => principalTypes[principal.identity.kind],
  'aws:userid': ({ principal }) => present(principal.identity.userId),
  'aws:username': ({ principal }) => present(principal.identity.name),
  'aws:sourceip': ({ sourceIp }) => present(sourceIp),
  'aws:securetransport': ({ encrypted }) => String(encrypted),
  'aws:useragent': header('user-agent'),
  'aws:referer': header('referer'),
  'aws:currenttime': ({ now }) => new Date(now).toISOString(),
  'aws:epochtime': ({ now }) => String(Math.floor(now / 1000)),
  'aws:requestedregion': ({ region }) => region,
  'aws:resourceaccount': ({ resourceAccount }) => resourceAccount,
  'aws:viaawsservice': () => 'false',
  'aws:principalisawsservice': () => 'false',
  's3:authtype': authType,
  's3:resourceaccount': ({ resourceAccount }) => resourceAccount,
  's3:tlsversion': ({ tlsVersion }) => tlsVersion(),
  's3:signatureversion': signatureVersion,
  's3:prefix': query('prefix'),
  's3:delimiter': query('delimiter'),
  's3:max-keys': query('max-keys'),
  's3:versionid': ({ versionId }) => versionId,
  's3:signatureage': signatureAge,
  's3:locationconstraint': ({ bucket }) => bucket?.region,
  's3:object-lock-mode': header('x-amz-object-lock-mode'),
  's3:if-match': precondition('if-match'),
  's3:if-none-match': precondition('if-none-match'),
}

/** Headers that are condition keys of their own names. */
const sameNamed: ReadonlySet<string> = new Set([
  'x-amz-acl',
  'x-amz-content-sha256',
  'x-amz-copy-source',
  'x-amz-grant-full-control',
  'x-amz-grant-read',
  'x-amz-grant-read-acp',
  'x-amz-grant-write',
  'x-amz-grant-write-acp',
  'x-amz-metadata-directive',
  'x-amz-object-ownership',
  'x-amz-server-side-encryption',
  'x-amz-server-side-encryption-aws-kms-key-id',
  'x-amz-server-side-encryption-customer-algorithm',
  'x-amz-storage-class',
  'x-amz-website-redirect-location',
])

function requestTags(about: Circumstances): readonly { Key: string; Value: string }[] {
  const text = about.header('x-amz-tagging')
  if (text === undefined) return []
  try {
    return parseTagging(text, 'repeated')
  } catch {
    // The operation refuses it by name.
    return []
  }
}

const resourceTag = 's3:resourcetag/'
const requestTag = 's3:requestobjecttag/'
const principalTag = 'aws:principaltag/'

function tagOf(tags: Readonly<Record<string, string>>, wanted: string): Value {
  for (const name in tags) if (name.toLowerCase() === wanted) return tags[name]
  return undefined
}

/** Ceph's tags may have a key more than once. */
function valuesOf(
  tags: readonly { readonly Key: string; readonly Value: string }[],
  wanted: string,
): Value {
  const values = tags.filter(({ Key }) => Key.toLowerCase() === wanted).map(({ Value }) => Value)
  return values.length === 0 ? undefined : values
}

function read(key: string, about: Circumstances): Value {
  const known = fixed[key]
  if (known !== undefined) return known(about)
  if (key.startsWith('s3:x-amz-')) {
    const name = key.slice('s3:'.length)
    return sameNamed.has(name) ? about.header(name) : undefined
  }
  if (key.startsWith(requestTag)) {
    const wanted = key.slice(requestTag.length)
    return valuesOf(requestTags(about), wanted)
  }
  if (key.startsWith(resourceTag)) {
    const { bucket } = about
    return bucket === undefined
      ? undefined
      : valuesOf(tagsOf(bucket), key.slice(resourceTag.length))
  }
  if (key === 's3:requestobjecttagkeys') {
    const keys = requestTags(about).map(({ Key }) => Key)
    return keys.length === 0 ? undefined : keys
  }
  const { identity } = about.principal
  const fact = identity.facts[key]
  if (fact !== undefined || !key.startsWith(principalTag)) return fact
  return tagOf(identity.tags, key.slice(principalTag.length))
}

/** The values of condition keys, worked out when a policy asks for them. */
export const conditionsOf =
  (about: Circumstances): ConditionValues =>
  key =>
    read(key, about)
