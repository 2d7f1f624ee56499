/**
 * A blob's file: its bytes, then a CRC for each block of them, then a mark. So bytes that the disk changed are found
 * before they are handed on, whichever range is read, and the length of the bytes follows from that of the file.
 */
import { crc32 } from 'node:zlib'
import { crc32c } from '@node-rs/crc32'
import { BlobCorrupt } from '../../ports/blob-store.ts'

/** Bytes that one CRC stands for. */
export const blockSize = 256 * 1024

const crcSize = 4
/** Eight bytes of name and version, then the block size. */
const markOf = (version: number): Buffer => {
  const mark = Buffer.alloc(12)
  mark.write('mgblob\x00', 'latin1')
  mark.writeUInt8(version, 7)
  mark.writeUInt32LE(blockSize, 8)
  return mark
}

type Crc = (bytes: Uint8Array) => number

const castagnoli: Crc = bytes =>
  crc32c(Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length))
const mark = markOf(2)
/** What blobs are written with, and what they were: CRC-32C takes a third of the time of CRC-32. */
const known: readonly { readonly mark: Buffer; readonly crc: Crc }[] = [
  { mark, crc: castagnoli },
  { mark: markOf(1), crc: crc32 },
]

export const markSize = mark.length

/** How many bytes a blob has whose file has this size; undefined for a file that cannot be a blob's. */
export function lengthOfFile(size: number): number | undefined {
  const rest = size - mark.length
  if (rest < 0) return undefined
  const blocks = Math.ceil(rest / (blockSize + crcSize))
  const length = rest - blocks * crcSize
  return Math.ceil(length / blockSize) === blocks ? length : undefined
}

/** Where the CRC of a block stands. */
export const crcPosition = (length: number, block: number): number => length + block * crcSize

/** Where the mark stands, and the file ends after it. */
export const markPosition = (length: number): number =>
  crcPosition(length, Math.ceil(length / blockSize))

/** The CRCs of the blocks of a range as they are in the file. */
export interface BlockCrcs {
  readonly first: number
  readonly bytes: Buffer
  readonly crc: Crc
}

/** How many bytes of CRCs the blocks from `first` to the one before `end` have. */
export const crcBytes = (first: number, end: number): number => (end - first) * crcSize

/** How the CRCs of a file with this mark were made. Throws BlobCorrupt for a mark that is none. */
export function crcOf(id: string, found: Buffer, length: number): Crc {
  for (const { mark: one, crc } of known) if (one.equals(found)) return crc
  throw new BlobCorrupt(id, { start: 0, end: length })
}

/** Throws BlobCorrupt unless the blocks, whole ones from the block `from` on, are those that were written. */
export function requireBlocks(id: string, blocks: Uint8Array, from: number, crcs: BlockCrcs): void {
  for (let at = 0, block = from; at < blocks.length; at += blockSize, block++) {
    const found = crcs.crc(blocks.subarray(at, Math.min(at + blockSize, blocks.length)))
    if (found !== crcs.bytes.readUInt32LE((block - crcs.first) * crcSize)) {
      const start = block * blockSize
      throw new BlobCorrupt(id, { start, end: start + Math.min(blockSize, blocks.length - at) })
    }
  }
}

/** Gathers the CRCs while a blob is written block by block. */
export class FooterWriter {
  #crcs = Buffer.allocUnsafe(64 * crcSize)
  #length = 0

  /** A block: {@link blockSize} bytes, or the last ones. */
  add(block: Uint8Array): void {
    if (this.#length === this.#crcs.length) {
      this.#crcs = Buffer.concat([this.#crcs, Buffer.allocUnsafe(this.#crcs.length)])
    }
    this.#length = this.#crcs.writeUInt32LE(castagnoli(block), this.#length)
  }

  /** What stands behind the bytes. */
  footer(): Buffer {
    return Buffer.concat([this.#crcs.subarray(0, this.#length), mark])
  }
}
