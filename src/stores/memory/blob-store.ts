/** The BlobStore in memory: for tests and for servers that keep nothing. */
import {
  BlobMissing,
  type BlobStore,
  type ByteRange,
  type ByteSource,
  type ListedBlob,
} from '../../ports/blob-store.ts'
import { type Clock, systemClock } from '../../ports/clock.ts'

const chunkSize = 1024 * 1024

/** All is gone with the process. Other threads cannot see it. */
export function openMemoryBlobs(clock: Clock = systemClock): BlobStore {
  const blobs = new Map<string, { readonly bytes: Buffer; readonly modified: number }>()
  let last = 0
  return {
    async put(source: ByteSource) {
      const chunks: Uint8Array[] = []
      // Copied: a source may use its memory again.
      for await (const chunk of source) chunks.push(Uint8Array.from(chunk))
      const bytes = Buffer.concat(chunks)
      last += 1
      const id = String(last)
      blobs.set(id, { bytes, modified: clock.now() })
      return { id, size: bytes.length }
    },
    async *get(id: string, { start, end }: ByteRange) {
      const blob = blobs.get(id)
      if (blob === undefined) throw new BlobMissing(id)
      if (end > blob.bytes.length)
        throw new Error(`blob ${id} has ${blob.bytes.length} bytes, ${end} were asked for`)
      for (let at = start; at < end; at += chunkSize)
        yield blob.bytes.subarray(at, Math.min(at + chunkSize, end))
    },
    async remove(ids: readonly string[]) {
      for (const id of ids) blobs.delete(id)
    },
    async *list(): AsyncGenerator<ListedBlob, void, undefined> {
      for (const [id, { bytes, modified }] of blobs) yield { id, size: bytes.length, modified }
    },
    async sweepTemporary() {
      return 0
    },
    async close() {
      blobs.clear()
    },
  }
}
