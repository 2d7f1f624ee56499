/** Whether the bytes of a record are those that were written: sizes, MD5 against the ETag, checksums of whole and parts. */
import { slicesOf } from '../../buckets/content.ts'
import type { Core } from '../../buckets/core.ts'
import { contentParts, readSlices } from '../../buckets/read.ts'
import type { ContentPart, PartRecord, Slice, VersionRecord } from '../../buckets/tables.ts'
import { BlobCorrupt, BlobMissing } from '../../ports/blob-store.ts'
import { StoreUnavailable } from '../../ports/store-unavailable.ts'
import { completedEtag, compositeChecksum } from '../../rules/uploads.ts'
import { BodyHasher, type Digests, hexOfBase64 } from '../../wire/checksums/body-hasher.ts'
import { hashBytes } from '../../wire/checksums/hashers.ts'
import type { Finding } from './finding.ts'

export type Fault = Pick<Finding, 'kind' | 'what'>

const plainEtag = /^[0-9a-f]{32}$/

const fault = (kind: Fault['kind'], what: string): Fault => ({ kind, what })

/** What is wrong with the bytes of an object version; undefined if nothing is. Errors of the disk are faults too. */
export function faultOfVersion(core: Core, record: VersionRecord): Promise<Fault | undefined> {
  return faultsTold(async () => {
    const { content } = record
    const inParts = content !== null && !('slices' in content)
    return inParts ? faultInParts(core, record) : faultInWhole(core, record)
  })
}

/** The same for a part of an upload under way. */
export function faultOfPart(core: Core, part: PartRecord): Promise<Fault | undefined> {
  return faultsTold(async () => {
    const lengths = lengthOf(part.slices)
    if (lengths !== part.size) return sizes(part.size, lengths)
    const hasher = new BodyHasher(['MD5'])
    const digests = await digestInto([hasher], readSlices(core, part.slices))
    return faultOfDigests(part, digests[0])
  })
}

async function faultsTold(look: () => Promise<Fault | undefined>): Promise<Fault | undefined> {
  try {
    return await look()
  } catch (error) {
    if (error instanceof BlobMissing) return fault('missing', `has lost bytes: ${error.message}`)
    if (error instanceof BlobCorrupt)
      return fault('damaged', `has other bytes than were written: ${error.message}`)
    if (error instanceof StoreUnavailable)
      return fault('unreadable', `cannot be read: ${error.message}`)
    throw error
  }
}

const lengthOf = (slices: readonly Slice[]): number =>
  slices.reduce((sum, slice) => sum + slice.length, 0)

const sizes = (said: number, found: number): Fault =>
  fault('size', `says that it has ${said} bytes, but refers to ${found}`)

interface Digested {
  readonly bytes: number
  readonly values: Digests
}

/** Reads the source once, for several hashers. */
async function digestInto(
  hashers: readonly BodyHasher[],
  source: AsyncIterable<Uint8Array>,
): Promise<Digested[]> {
  try {
    await feed(hashers, source)
    return hashers.map(hasher => ({ bytes: hasher.bytes, values: hasher.digest() }))
  } finally {
    for (const hasher of hashers) hasher.close()
  }
}

async function feed(
  hashers: readonly BodyHasher[],
  source: AsyncIterable<Uint8Array>,
): Promise<void> {
  for await (const chunk of source) {
    for (const hasher of hashers) {
      const waiting = hasher.update(chunk)
      if (waiting !== undefined) await waiting
    }
  }
}

function faultOfDigests(
  record: { readonly size: number; readonly etag: string },
  digested: Digested | undefined,
): Fault | undefined {
  if (digested === undefined) return undefined
  if (digested.bytes !== record.size) return sizes(record.size, digested.bytes)
  const md5 = hexOfBase64(digested.values.MD5 ?? '')
  if (plainEtag.test(record.etag) && md5 !== record.etag)
    return fault('damaged', `has other bytes than were written: their MD5 is ${md5}`)
  return undefined
}

async function faultInWhole(core: Core, record: VersionRecord): Promise<Fault | undefined> {
  const slices = slicesOf(record) ?? []
  const length = lengthOf(slices)
  if (length !== record.size) return sizes(record.size, length)
  const { checksumAlgorithm: algorithm } = record
  const hasher = new BodyHasher(['MD5', ...(algorithm === null ? [] : [algorithm])])
  const [digested] = await digestInto([hasher], readSlices(core, slices))
  return faultOfDigests(record, digested) ?? faultOfChecksum(record, digested?.values ?? {})
}

function faultOfChecksum(record: VersionRecord, values: Digests): Fault | undefined {
  const { checksumAlgorithm: algorithm, checksumType, checksum } = record
  if (algorithm === null || checksum === null || checksumType !== 'FULL_OBJECT') return undefined
  const found = values[algorithm]
  if (found === checksum) return undefined
  return fault('damaged', `has other bytes than were written: their ${algorithm} is ${found}`)
}

/** The whole is read once, each part for the ETag and a composite checksum, all of it for a checksum of the whole. */
async function faultInParts(core: Core, record: VersionRecord): Promise<Fault | undefined> {
  const { checksumAlgorithm: algorithm, checksumType } = record
  const composite = checksumType === 'COMPOSITE' && algorithm !== null ? [algorithm] : []
  const full = checksumType === 'FULL_OBJECT' && algorithm !== null ? [algorithm] : []
  const ofParts: Digests[] = []
  const whole = new BodyHasher(full)
  try {
    for await (const part of contentParts(core, record)) {
      const length = lengthOf(part.slices)
      if (length !== part.size) return inPart(part, sizes(part.size, length))
      const hasher = new BodyHasher(['MD5', ...composite])
      try {
        await feed([hasher, whole], readSlices(core, part.slices))
        if (hasher.bytes !== part.size) return inPart(part, sizes(part.size, hasher.bytes))
        const values = hasher.digest()
        const [name] = composite
        if (name !== undefined && part.checksum !== undefined && values[name] !== part.checksum)
          return inPart(part, fault('damaged', `has another ${name} than was stored`))
        ofParts.push(values)
      } finally {
        hasher.close()
      }
    }
    if (whole.bytes !== record.size) return sizes(record.size, whole.bytes)
    return faultOfAll(record, ofParts) ?? faultOfChecksum(record, whole.digest())
  } finally {
    whole.close()
  }
}

function inPart(part: ContentPart, { kind, what }: Fault): Fault {
  return fault(kind, `is wrong in part ${part.number}, which ${what}`)
}

function faultOfAll(record: VersionRecord, parts: readonly Digests[]): Fault | undefined {
  const md5 = (bytes: Uint8Array): string => hexOfBase64(hashBytes('MD5', bytes))
  const etag = completedEtag(
    parts.map(({ MD5 = '' }) => hexOfBase64(MD5)),
    md5,
  )
  if (record.etag.endsWith(`-${parts.length}`) && etag !== record.etag)
    return fault('damaged', `has other bytes than were written: the ETag of its parts is ${etag}`)
  const { checksumAlgorithm: algorithm, checksumType, checksum } = record
  if (checksumType !== 'COMPOSITE' || algorithm === null || checksum === null) return undefined
  const found = compositeChecksum(
    parts.map(part => part[algorithm] ?? ''),
    bytes => hashBytes(algorithm, bytes),
  )
  if (found === checksum) return undefined
  return fault('damaged', `has other bytes than were written: their ${algorithm} is ${found}`)
}
