/**
 * What uploads under way hold, which counts as what objects hold: a part from its commit on, until the upload ends. What is
 * cleared away afterwards is nobody's any more, like the bytes of what was deleted.
 */
import type { BucketInfo } from '../ports/keyspace.ts'
import { commitIfFirst, get, type Stored, scan } from '../ports/meta-store.ts'
import { attemptsMax, bucketCheck, type Core } from './core.ts'
import { isMetered } from './meters.ts'
import {
  type EndedRecord,
  endedTable,
  type UploadRecord,
  type UploadSizeRecord,
  uploadSizesTable,
  uploadsTable,
} from './tables.ts'
import { Draft } from './write.ts'

const keyOf = ({ bucket, key, upload }: Pick<UploadRecord, 'bucket' | 'key' | 'upload'>) => [
  bucket,
  key,
  upload,
]

/** A part came, or came again. */
export function growUpload(
  draft: Draft,
  bucket: BucketInfo,
  upload: UploadRecord,
  bytes: number,
): void {
  if (bytes === 0) return
  draft.adds.push({ table: uploadSizesTable, key: keyOf(upload), column: 'bytes', delta: bytes })
  draft.count(bucket, changeOf(upload, bytes))
}

const changeOf = ({ key, writer }: Pick<UploadRecord, 'key' | 'writer'>, bytes: number) => ({
  key,
  version: '',
  bytes,
  objects: 0,
  writer,
})

/**
 * The upload ends, and what its parts held is given back: exactly that, for where there is a quota it rests on the size
 * that was read, and a part that came since is a Conflict. `bucket` is undefined where it is gone.
 */
export function endUpload(
  draft: Draft,
  bucket: BucketInfo | undefined,
  what: { readonly ended: EndedRecord; readonly size: Stored<UploadSizeRecord> | undefined },
): void {
  const { ended, size } = what
  const key = keyOf(ended)
  draft.writes.push(
    { remove: uploadsTable, key },
    { remove: uploadSizesTable, key },
    { put: endedTable, record: ended },
  )
  if (size === undefined || bucket === undefined || !isMetered(bucket)) return
  draft.checks.push({ table: uploadSizesTable, key, revision: size.revision })
  draft.count(bucket, changeOf(size, -size.bytes))
}

/** The upload ends without an object; its parts are cleared afterwards, however many they are. */
export function planAbort(
  draft: Draft,
  bucket: BucketInfo | undefined,
  what: {
    readonly upload: Stored<UploadRecord>
    readonly size: Stored<UploadSizeRecord> | undefined
    readonly now: number
  },
): EndedRecord {
  const { upload, size, now } = what
  const ended = abortedRecord(upload, now)
  if (bucket !== undefined) draft.checks.push(bucketCheck(bucket))
  draft.checks.push({ table: uploadsTable, key: keyOf(upload), revision: upload.revision })
  endUpload(draft, bucket, { ended, size })
  return ended
}

function abortedRecord({ bucket, key, upload }: UploadRecord, now: number): EndedRecord {
  return {
    bucket,
    key,
    upload,
    ended: now,
    outcome: 'aborted',
    etag: null,
    size: null,
    version: null,
    checksum: null,
    manifest: null,
    cleaned: 0,
  }
}

/** Aborts an upload that nobody sends to any more. False: somebody else was there first. */
export async function abortUpload(
  core: Core,
  bucket: BucketInfo | undefined,
  upload: Stored<UploadRecord>,
): Promise<boolean> {
  const { gets } = await core.store.read({ gets: [get(uploadSizesTable, keyOf(upload))] })
  const draft = new Draft()
  planAbort(draft, bucket, { upload, size: gets[0].record, now: core.clock.now() })
  return await commitIfFirst(core.store, draft.batch())
}

/** Before a bucket goes that counts for others too: nobody could give back later what its uploads hold. */
export async function abortUploadsIn(core: Core, bucket: BucketInfo): Promise<void> {
  for (let refused = 0; refused < attemptsMax; ) {
    const { scans } = await core.store.read({
      scans: [scan(uploadsTable, { at: [bucket.id], limit: 500 })],
    })
    const uploads = scans[0].entries.filter(entry => typeof entry !== 'string')
    if (uploads.length === 0) return
    let done = 0
    for (const upload of uploads) if (await abortUpload(core, bucket, upload)) done += 1
    refused = done === 0 ? refused + 1 : 0
  }
}
