/**
 * Buffers of one size that go round, so that streaming large blobs leaves no garbage. Each begins on a page of memory,
 * which reads and writes past the page cache demand; only the memory of WebAssembly promises that to a program.
 */

/** Node's types do not have it. */
declare const WebAssembly: {
  readonly Memory: new (size: {
    readonly initial: number
    readonly maximum: number
  }) => { readonly buffer: ArrayBuffer }
}

/** Bytes of a page of WebAssembly's memory, a multiple of the pages of every processor that Node runs on. */
const pageSize = 65_536
const perSlab = 8

interface Slab {
  readonly free: Buffer[]
}

const pagesOf = (bytes: number): ArrayBuffer => {
  const pages = bytes / pageSize
  return new WebAssembly.Memory({ initial: pages, maximum: pages }).buffer
}

/**
 * Memory that begins on a page, where there is some: each piece of it takes gigabytes of addresses, which a process may
 * have few of (`ulimit -v`). Other memory does as well: what is read or written there goes through the page cache.
 */
function memoryOf(bytes: number, aligned: (bytes: number) => ArrayBuffer): ArrayBuffer {
  try {
    return aligned(bytes)
  } catch (error) {
    if (error instanceof RangeError) return new ArrayBuffer(bytes)
    throw error
  }
}

export class BufferPool {
  readonly #size: number
  readonly #kept: number
  readonly #aligned: (bytes: number) => ArrayBuffer
  /** In the order in which buffers are taken, so that the later ones come free. */
  readonly #slabs: Slab[] = []
  readonly #owners = new WeakMap<ArrayBufferLike, Slab>()
  #used = 0

  /** `size` in bytes, a multiple of 64 KiB; at most `kept` buffers (rounded up to eights) are held when none is used. */
  constructor(size: number, kept: number, aligned = pagesOf) {
    this.#size = size
    this.#aligned = aligned
    this.#kept = Math.ceil(kept / perSlab)
  }

  /** Whether more buffers are used than would be held when none is. */
  get crowded(): boolean {
    return this.#used > this.#kept * perSlab
  }

  take(): Buffer {
    this.#used += 1
    for (const slab of this.#slabs) {
      const buffer = slab.free.pop()
      if (buffer !== undefined) return buffer
    }
    const slab = this.#grow()
    const buffer = slab.free.pop()
    if (buffer === undefined) throw new Error('a slab has no buffers')
    return buffer
  }

  /** Memory is only reserved here: pages that no buffer has used take no room. */
  #grow(): Slab {
    const buffer = memoryOf(this.#size * perSlab, this.#aligned)
    const free: Buffer[] = []
    for (let i = perSlab - 1; i >= 0; i--)
      free.push(Buffer.from(buffer, i * this.#size, this.#size))
    const slab = { free }
    this.#slabs.push(slab)
    this.#owners.set(buffer, slab)
    return slab
  }

  /** The buffer was taken here and is not used any more. */
  give(buffer: Buffer): void {
    const slab = this.#owners.get(buffer.buffer)
    if (slab === undefined) throw new TypeError('the buffer is not of this pool')
    this.#used -= 1
    slab.free.push(buffer)
    if (slab.free.length < perSlab || this.#slabs.length <= this.#kept) return
    this.#slabs.splice(this.#slabs.indexOf(slab), 1)
  }
}
