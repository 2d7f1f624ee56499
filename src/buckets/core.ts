/** What every part of the plain Keyspace works with, and the loop that decides again when somebody was faster. */
import type { ChecksumAlgorithm } from '../model/checksums.ts'
import { S3Error } from '../model/errors.ts'
import { limits } from '../model/limits.ts'
import { BlobMissing, type BlobStore } from '../ports/blob-store.ts'
import type { Clock } from '../ports/clock.ts'
import type { BucketInfo, Digests, Received } from '../ports/keyspace.ts'
import {
  type Batch,
  type Check,
  Conflict,
  commitDecided,
  type Decision,
  type MetaStore,
} from '../ports/meta-store.ts'
import type { BodyIds } from './body-ids.ts'
import type { KeyQueue } from './key-queue.ts'
import { requireQuota } from './meters.ts'
import type { ObjectCache } from './object-cache.ts'
import type { OpenReads } from './open-reads.ts'
import { bucketsTable } from './tables.ts'

/** Digests of what is there already. Values in base64, MD5 in hex where it is an ETag. */
export interface Digester {
  /** Reads the source to its end. */
  digest(
    source: AsyncIterable<Uint8Array>,
    algorithms: readonly ChecksumAlgorithm[],
  ): Promise<Digests>
  /** As a request's body is received: whole if it is small, else as a source whose digests are known at its end. */
  receive(
    source: AsyncIterable<Uint8Array>,
    what: {
      readonly size: number
      readonly algorithms: readonly ChecksumAlgorithm[]
      readonly inlineMax: number
    },
  ): Promise<Received>
  digestBytes(algorithm: ChecksumAlgorithm, bytes: Uint8Array): string
  /** The checksum of the whole from those of its parts; undefined for an algorithm that cannot do that. */
  combine(
    algorithm: ChecksumAlgorithm,
    parts: readonly { readonly value: string; readonly size: number }[],
  ): string | undefined
}

/** Sizes at which another way of keeping things is taken; arguments, so that tests reach them with few bytes. */
export interface Thresholds {
  /** Objects of at most so many slices keep their parts in their own record, larger ones in a manifest. */
  readonly embeddedSlices: number
  /** The same for the parts that were sent, which may be empty: the batch that completes them removes a row for each. */
  readonly embeddedParts: number
  /** A row of a manifest is full with so many parts, or so many slices of them. */
  readonly rowParts: number
  readonly rowSlices: number
  /** A part copied by reference may consist of so many slices; beyond that its bytes are written anew. */
  readonly sharedSlices: number
  /** An object of more slices is not appended to. */
  readonly appendSlices: number
  /** Part rows read in one call. */
  readonly partPage: number
  /** Part rows, and references of theirs, that are cleared in one batch. */
  readonly clearRows: number
  readonly clearReferences: number
  /** Rows that are counted in one step for a new quota. */
  readonly countedRows: number
  /** Bytes of every part of an upload but the last. */
  readonly partBytes: number
}

export const usualThresholds: Thresholds = {
  embeddedSlices: 200,
  embeddedParts: 1000,
  rowParts: 500,
  rowSlices: 2000,
  sharedSlices: 1000,
  appendSlices: 1000,
  partPage: 1000,
  clearRows: 250,
  clearReferences: 2000,
  countedRows: 2000,
  partBytes: limits.part_bytes_min,
}

export interface Core {
  readonly digester: Digester
  readonly store: MetaStore
  readonly blobs: BlobStore
  readonly clock: Clock
  readonly bodyIds: BodyIds
  readonly queue: KeyQueue
  readonly cache: ObjectCache
  readonly reads: OpenReads
  /** Bodies of at most so many bytes are kept beside the metadata. */
  readonly inlineMax: number
  readonly thresholds: Thresholds
  /** When this process began, in milliseconds: every writer from before is dead. */
  readonly started: number
  /** The blobs are known to be this database's; else none of them is ever taken for an orphan. */
  readonly ownsBlobs: boolean
  /** Resolves after so many milliseconds. */
  wait(milliseconds: number): Promise<void>
  /** So many bytes that nobody can guess. */
  random(bytes: number): Uint8Array
}

/** A bucket as requests see it; refreshed when a check says that it changed. */
export interface Space {
  readonly core: Core
  readonly bucket: BucketInfo
  /** Reads the bucket again. Throws NoSuchBucket when it is gone, or when another came under its name. */
  refresh(): Promise<void>
}

const nothing: Batch = {}

/** How often a decision is made again before the client is asked to. */
export const attemptsMax = 10

/** What is to be committed, if anything, and what is told then. */
export type Plan<T> = Decision<T>

/** Takes down what an attempt is about to commit, since a Conflict may be about a quota, and gives it back. */
type Note = <T>(plan: Plan<T>) => Plan<T>

export interface KeyWrite {
  readonly key: string
  /** Whether the client put conditions: who loses every time is told otherwise then. */
  readonly conditional: boolean
}

/**
 * Calls `once` again when a check failed, one at a time per key once there is contention. Another worker knows nothing of that
 * queue: who loses twice waits a moment of chance, longer each time (half a second in all), so that the writers of the other
 * come to their end.
 */
export async function retryOnConflict<T>(
  space: Space,
  request: KeyWrite,
  once: (note: Note) => Promise<T>,
): Promise<T> {
  const { queue, store } = space.core
  const name = `${space.bucket.id}/${request.key}`
  let release = queue.contended(name) ? await queue.enter(name) : undefined
  let batch = nothing
  const note: Note = plan => {
    batch = plan.batch ?? nothing
    return plan
  }
  try {
    for (let tries = 0; tries < attemptsMax; tries++) {
      try {
        return await once(note)
      } catch (error) {
        // Bytes that the decision read went meanwhile, so it rested on what is no more.
        if (error instanceof BlobMissing) continue
        if (!(error instanceof Conflict)) throw error
        await requireQuota(store, space.bucket, batch, error)
      }
      release ??= await queue.enter(name)
      if (tries > 0) await space.core.wait(Math.random() * 2 ** tries)
      await space.refresh()
    }
  } finally {
    release?.()
  }
  throw new S3Error(request.conditional ? 'ConditionalRequestConflict' : 'SlowDown')
}

/** Reads (tentatively), decides and commits, by {@link retryOnConflict}. */
export function attempt<T>(
  space: Space,
  request: KeyWrite,
  decide: () => Promise<Plan<T>>,
): Promise<T> {
  return retryOnConflict(space, request, note =>
    commitDecided(space.core.store, async () => note(await decide())),
  )
}

/** The check that every write makes: the bucket is still the one that was resolved, in the state it had then. */
export function bucketCheck(bucket: BucketInfo): Check {
  return {
    table: bucketsTable,
    key: [bucket.volume, bucket.name],
    revision: bucket.revision,
  }
}
