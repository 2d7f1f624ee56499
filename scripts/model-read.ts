// Reads the SDK's schemas, which are nested arrays of numbers and functions, into the form of src/model/schema.ts.

import type {
  Binding,
  Kind,
  Level,
  Member,
  Method,
  OperationEntry,
  Shape,
} from '../src/model/schema.ts'

type Raw = readonly unknown[]
type Traits = Readonly<Record<string, unknown>>

/** First elements of the SDK's schema arrays. */
const simple = 0
const list = 1
const map = 2
const structure = 3
const union = 4
const operation = 9

/** Bits of a traits number, lowest first; only those that matter here are named. */
const labelBit = 1
const secretBit = 8
const payloadBit = 16

/** Modifiers added to a scalar's number. */
const listOf = 64
const mapOf = 128

const apiNames: Readonly<Record<string, string>> = { Object: 'ObjectEntry', Error: 'ErrorEntry' }

/** Roots that S3 writes otherwise than its model names the shape (API reference, "Response Syntax"). */
const rootNames: Readonly<Record<string, string>> = {
  ObjectLockLegalHold: 'LegalHold',
  ObjectLockRetention: 'Retention',
}

/**
 * S3 puts elements in an order that the SDK does not keep (it moves required members to the front). Where readers look
 * at the text, the order of the API reference's examples is restored: these first, the others after them.
 */
const elementOrder: Readonly<Record<string, readonly string[]>> = {
  ListObjectsOutput: [
    'Name',
    'Prefix',
    'Marker',
    'NextMarker',
    'MaxKeys',
    'Delimiter',
    'EncodingType',
    'IsTruncated',
  ],
  ListObjectsV2Output: [
    'Name',
    'Prefix',
    'ContinuationToken',
    'NextContinuationToken',
    'StartAfter',
    'KeyCount',
    'MaxKeys',
    'Delimiter',
    'EncodingType',
    'IsTruncated',
  ],
  ListObjectVersionsOutput: [
    'Name',
    'Prefix',
    'KeyMarker',
    'VersionIdMarker',
    'NextKeyMarker',
    'NextVersionIdMarker',
    'MaxKeys',
    'Delimiter',
    'EncodingType',
    'IsTruncated',
  ],
  ListMultipartUploadsOutput: [
    'Bucket',
    'KeyMarker',
    'UploadIdMarker',
    'NextKeyMarker',
    'NextUploadIdMarker',
    'Delimiter',
    'Prefix',
    'EncodingType',
    'MaxUploads',
    'IsTruncated',
  ],
  ListPartsOutput: [
    'Bucket',
    'Key',
    'UploadId',
    'Initiator',
    'Owner',
    'StorageClass',
    'PartNumberMarker',
    'NextPartNumberMarker',
    'MaxParts',
    'IsTruncated',
  ],
  ListBucketsOutput: ['Owner', 'Buckets'],
  GetBucketAclOutput: ['Owner', 'Grants'],
  GetObjectAclOutput: ['Owner', 'Grants'],
  Object: [
    'Key',
    'LastModified',
    'ETag',
    'ChecksumAlgorithm',
    'ChecksumType',
    'Size',
    'Owner',
    'StorageClass',
  ],
  ObjectVersion: [
    'Key',
    'VersionId',
    'IsLatest',
    'LastModified',
    'ETag',
    'ChecksumAlgorithm',
    'ChecksumType',
    'Size',
    'Owner',
    'StorageClass',
  ],
  DeleteMarkerEntry: ['Key', 'VersionId', 'IsLatest', 'LastModified', 'Owner'],
  Owner: ['ID', 'DisplayName'],
  Initiator: ['ID', 'DisplayName'],
  Grantee: ['Type', 'ID', 'DisplayName', 'EmailAddress', 'URI'],
  MultipartUpload: ['Key', 'UploadId', 'Initiator', 'Owner', 'StorageClass', 'Initiated'],
}

export interface NamedOperation {
  readonly name: string
  readonly entry: OperationEntry
}

const asArray = (value: unknown): Raw => {
  if (!Array.isArray(value)) throw new Error('The SDK changed the form of its schemas.')
  return value
}

/** Schemas refer to each other through functions, because they are declared in no order. */
const resolve = (value: unknown): unknown => (typeof value === 'function' ? value() : value)

const traitsOf = (value: unknown): Traits => {
  if (typeof value !== 'number') return (value ?? {}) as Traits
  const traits: Record<string, unknown> = {}
  if (value & labelBit) traits['label'] = 1
  if (value & secretBit) traits['secret'] = 1
  if (value & payloadBit) traits['httpPayload'] = 1
  return traits
}

const xmlNameOf = (traits: Traits): string | undefined => {
  const name = traits['xmlName']
  return typeof name === 'string' ? name : undefined
}

/** The operations among everything that the SDK exports. */
export const operationSchemas = (exported: readonly unknown[]): readonly Raw[] =>
  exported.filter((value): value is Raw => Array.isArray(value) && value[0] === operation)

/** The name under which a shape stands in our tables and types. */
const shapeName = (raw: Raw): string => {
  const name = String(raw[2])
  return apiNames[name] ?? name
}

const scalars: Readonly<Record<number, Pick<Member, 'kind' | 'format'>>> = {
  0: { kind: 'string' },
  1: { kind: 'integer' },
  2: { kind: 'boolean' },
  4: { kind: 'timestamp' },
  5: { kind: 'timestamp', format: 'iso' },
  6: { kind: 'timestamp', format: 'http' },
  7: { kind: 'timestamp', format: 'epoch' },
  21: { kind: 'blob' },
  42: { kind: 'stream' },
}

type TypeFacts = Pick<Member, 'kind' | 'format' | 'list' | 'secret' | 'as'>

const scalarFacts = (code: number): TypeFacts => {
  if (code & listOf) return { ...scalarFacts(code & ~listOf), list: 'member' }
  if (code & mapOf) return { kind: 'map' }
  const facts = scalars[code]
  if (facts === undefined) throw new Error(`Unknown scalar ${code} in the SDK's schemas.`)
  return facts
}

/** Where a type is used it stands alone or as `[type, traits]`; a schema's own array has its name space in second place. */
const splitType = (use: unknown): readonly [type: unknown, traits: Traits] =>
  Array.isArray(use) && typeof use[1] !== 'string'
    ? [resolve(use[0]), traitsOf(use[1])]
    : [resolve(use), {}]

const listFacts = (raw: Raw): TypeFacts => {
  const [type, traits] = splitType(raw[4])
  return { ...typeFacts(type), list: xmlNameOf(traits) ?? 'member' }
}

const typeFacts = (type: unknown): TypeFacts => {
  if (typeof type === 'number') return scalarFacts(type)
  const raw = asArray(type)
  const traits = traitsOf(raw[3])
  if (raw[0] === simple) {
    const facts = scalarFacts(Number(raw[4]))
    return traits['secret'] ? { ...facts, secret: true } : facts
  }
  if (raw[0] === list) return listFacts(raw)
  if (raw[0] === map) return { kind: 'map' }
  if (traits['streaming']) return { kind: 'stream' }
  const facts = { kind: { shape: shapeName(raw) } satisfies Kind }
  const root = xmlNameOf(traits) ?? rootNames[String(raw[2])]
  return root === undefined ? facts : { ...facts, as: root }
}

const bindings: readonly (readonly [trait: string, binding: Binding])[] = [
  ['label', 'label'],
  ['httpHeader', 'header'],
  ['httpQuery', 'query'],
  ['httpPrefixHeaders', 'prefix'],
  ['httpPayload', 'payload'],
  ['xmlAttribute', 'attribute'],
  ['hostLabel', 'host'],
]

/** S3 keeps these as the text that came, which need not be a date at all. */
const datesKeptAsText: ReadonlySet<string> = new Set(['Expires', 'ResponseExpires'])

/** What the member is called where it travels, if that differs from its name; headers are in lower case. */
const nameAtWire = (
  name: string,
  traits: Traits,
  bound: (typeof bindings)[number] | undefined,
  own?: string,
) => {
  const [trait, binding] = bound ?? []
  const isHeader = binding === 'header' || binding === 'prefix'
  const bindsName = isHeader || binding === 'query'
  const given = bindsName
    ? traits[trait ?? '']
    : (traits['xmlName'] ?? (binding === 'payload' ? own : undefined))
  if (typeof given !== 'string') return {}
  const spelt = isHeader ? given.toLowerCase() : given
  // A payload's element is else named after its shape, so its name is said even where it is the member's.
  return spelt === name && binding !== 'payload' ? {} : { as: spelt }
}

const readMember = (name: string, use: unknown, required: boolean): Member => {
  const [type, traits] = splitType(use)
  const bound = bindings.find(([trait]) => traits[trait] !== undefined)
  const { as, ...facts } = typeFacts(bound && datesKeptAsText.has(name) ? 0 : type)
  return {
    name,
    ...facts,
    ...(traits['xmlFlattened'] ? { flat: true } : {}),
    ...(bound ? { in: bound[1] } : {}),
    ...nameAtWire(name, traits, bound, as),
    ...(required ? { required: true } : {}),
    ...(traits['xmlNamespace']
      ? { xmlns: asArray(traits['xmlNamespace']).map(String) as [string, string] }
      : {}),
  }
}

const inOrder = (name: string, members: readonly Member[]): readonly Member[] => {
  const order = elementOrder[name]
  if (order === undefined) return members
  const rank = (member: Member) => {
    const at = order.indexOf(member.name)
    return at < 0 ? order.length : at
  }
  return members.toSorted((a, b) => rank(a) - rank(b))
}

const readShape = (raw: Raw): Shape => {
  const names = asArray(raw[4]).map(String)
  const types = asArray(raw[5])
  const required = Number(raw[6] ?? 0)
  const members = names.map((name, i) => readMember(name, types[i], i < required))
  return {
    root: xmlNameOf(traitsOf(raw[3])) ?? rootNames[String(raw[2])] ?? String(raw[2]),
    members: inOrder(String(raw[2]), members),
  }
}

const isStructure = (raw: unknown): raw is Raw =>
  Array.isArray(raw) && (raw[0] === structure || raw[0] === union) && raw[2] !== '__Unit'

/** Follows lists to the structures of their items. */
const structureBehind = (use: unknown): Raw | undefined => {
  let [type] = splitType(use)
  while (Array.isArray(type) && type[0] === list) type = splitType(type[4])[0]
  return isStructure(type) ? type : undefined
}

/** All structures that inputs and outputs are made of, by our name. */
export const reachableShapes = (operations: readonly Raw[]): ReadonlyMap<string, Shape> => {
  const shapes = new Map<string, Shape>()
  const visit = (value: unknown) => {
    const raw = structureBehind(value)
    if (raw === undefined || shapes.has(shapeName(raw))) return
    shapes.set(shapeName(raw), readShape(raw))
    for (const member of asArray(raw[5])) visit(member)
  }
  for (const raw of operations) {
    visit(raw[4])
    visit(raw[5])
  }
  return new Map([...shapes].toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

const levelOf = (path: string, input: Raw): Level => {
  if (path.startsWith('/{Key+}')) return 'object'
  return asArray(input[4]).includes('Bucket') ? 'bucket' : 'service'
}

/** One operation's facts; `checked` names those whose body needs a checksum. */
export const readOperation = (raw: Raw, checked: ReadonlySet<string>): NamedOperation => {
  const name = String(raw[2])
  const [method, uri, status] = asArray(traitsOf(raw[3])['http'])
  const [path = '', literals = ''] = String(uri).split('?')
  const query = literals
    .split('&')
    .filter(literal => literal !== '' && !literal.startsWith('x-id='))
    .map(literal => literal.split('=') as [string, string?])
  const input = asArray(resolve(raw[4]))
  const output = resolve(raw[5])
  return {
    name,
    entry: {
      method: String(method) as Method,
      level: levelOf(path, input),
      ...(path === '/' || path === '/{Key+}' ? {} : { path }),
      ...(query.length > 0 ? { query } : {}),
      status: Number(status),
      input: shapeName(input),
      ...(isStructure(output) ? { output: shapeName(output) } : {}),
      ...(checked.has(name) ? { checksumRequired: true } : {}),
      ...(name === 'GetBucketLocation' ? { unwrapped: true } : {}),
    },
  }
}
