/** The BlobStore: immutable bytes under ids that the store chose. It knows nothing of keys' meaning or of S3. */

/** Bytes as they arrive. A source that fails throws while it is read; the store then keeps nothing. */
export type ByteSource = AsyncIterable<Uint8Array>

/** Where the bytes belong; a store that mirrors keys (a foreign S3) may use it, others ignore it. */
export interface BlobPlace {
  readonly volume: string
  readonly bucket: string
  readonly key: string
  readonly version?: string
  readonly length?: number
}

export interface ListedBlob {
  readonly id: string
  readonly size: number
  /** Milliseconds since the epoch. */
  readonly modified: number
}

/** Inclusive start, exclusive end, in bytes. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

export interface BlobStore {
  /** Reads the source to its end; resolves only when the bytes are durable under the id. */
  put(source: ByteSource, place: BlobPlace): Promise<{ readonly id: string; readonly size: number }>
  /**
   * The bytes of a range, in chunks that stay valid only until the next one is asked for. Rejects with
   * {@link BlobMissing} before the first chunk when there is no such blob, with {@link BlobCorrupt} before it hands
   * on bytes that are not those that were written, and fails when the blob is shorter than the range. While it is being read, `remove` does not take its bytes away.
   */
  get(id: string, range: ByteRange): AsyncIterable<Uint8Array>
  /** Unknown ids are no error. */
  remove(ids: readonly string[]): Promise<void>
  /** Every blob there is, in no order, for the sweep. */
  list(): AsyncIterable<ListedBlob>
  /** Removes what writers that died left behind (temporary files). Resolves with how many. */
  sweepTemporary(olderThanMs: number): Promise<number>
  close(): Promise<void>
}

export class BlobMissing extends Error {
  override readonly name = 'BlobMissing'
  constructor(id: string) {
    super(`there is no blob ${id}`)
  }
}

/** The bytes read are not those that were written. None of them was handed on. */
export class BlobCorrupt extends Error {
  override readonly name = 'BlobCorrupt'
  /** `range`: where in the blob. */
  constructor(id: string, { start, end }: ByteRange) {
    super(`blob ${id} is damaged between its bytes ${start} and ${end}`)
  }
}
