// MD5 of many streams at once: up to eight of them share the lanes of SIMD registers, which nearly trebles what a core
// hashes. Few streams at a time are quicker with node:crypto, and a stream stays with the engine it began with.

import { createHash, type Hash } from 'node:crypto'
import { wasm } from './md5.gen.ts'
import { instantiate } from './wasm-module.ts'

const lanes = 8
const half = lanes / 2
const laneAt = 1024
/** Input of one lane: the rest of the chunk before (under 64 bytes) and as much of the next one as is done at a time. */
const sliceBytes = 65536
const laneBytes = sliceBytes + 64
/** So many streams must be open before another one gets a lane. */
const crowd = 3

/** One stream's MD5. Updates must not overlap: await each before the next. */
export interface Md5Stream {
  /** The bytes must stay as they are until the promise, if one is returned, is fulfilled. */
  update(bytes: Uint8Array): void | Promise<void>
  /** The 16 bytes. Ends the stream. */
  digest(): Buffer
  /** Ends the stream without a digest. */
  close(): void
}

class NativeStream implements Md5Stream {
  readonly #hash: Hash = createHash('md5')
  readonly #onClose: () => void
  #open = true

  constructor(onClose: () => void) {
    this.#onClose = onClose
  }

  update(bytes: Uint8Array): void {
    this.#hash.update(bytes)
  }

  digest(): Buffer {
    this.close()
    return this.#hash.digest()
  }

  close(): void {
    if (this.#open) this.#onClose()
    this.#open = false
  }
}

/** What a stream in a lane is made of between its turns. */
class LaneStream implements Md5Stream {
  readonly state = Int32Array.of(0x67452301, 0xefcdab89 | 0, 0x98badcfe | 0, 0x10325476)
  readonly tail = new Uint8Array(64)
  tailBytes = 0
  length = 0
  /** The chunk whose turn it is, and how much of it has been taken. */
  chunk: Uint8Array = this.tail.subarray(0, 0)
  taken = 0
  done: (() => void) | undefined
  readonly #pool: Md5Pool
  #open = true

  constructor(pool: Md5Pool) {
    this.#pool = pool
  }

  update(bytes: Uint8Array): void | Promise<void> {
    this.length += bytes.length
    if (this.tailBytes + bytes.length < 64) {
      this.tail.set(bytes, this.tailBytes)
      this.tailBytes += bytes.length
      return
    }
    this.chunk = bytes
    this.taken = 0
    return new Promise(resolve => {
      this.done = resolve
      this.#pool.enqueue(this)
    })
  }

  digest(): Buffer {
    this.close()
    return this.#pool.finish(this)
  }

  close(): void {
    if (this.#open) this.#pool.release()
    this.#open = false
  }
}

/** Where a word of a lane's state stands: four lanes side by side, word after word. */
const stateWord = (lane: number, word: number): number =>
  Math.floor(lane / half) * 16 + word * 4 + (lane % half)

/** Gives streams an engine and runs the lanes. */
export class Md5Pool {
  readonly #module = instantiate(wasm)
  /** Blocks of 64 bytes of all lanes: how many, and where each lane's begin. */
  readonly #eight = this.#module.call('eight')
  /** The same of the first half of the lanes. */
  readonly #four = this.#module.call('four')
  /** The same of one: how many, where they begin, and where its state stands. */
  readonly #one = this.#module.call('one')
  readonly #memory = new Uint8Array(this.#module.memory)
  readonly #states = new Int32Array(this.#module.memory, 0, lanes * 4)
  readonly #lanes: (LaneStream | undefined)[] = Array.from({ length: lanes }, () => undefined)
  /** Blocks that wait in each lane's input, and where they begin. */
  readonly #blocks = new Int32Array(lanes)
  readonly #from = new Int32Array(lanes)
  #waiting: LaneStream[] = []
  #scheduled = false
  #open = 0

  /** Begins a stream; it must end in `digest` or `close`. */
  open(): Md5Stream {
    const crowded = this.#open >= crowd
    this.#open++
    return crowded ? new LaneStream(this) : new NativeStream(() => this.release())
  }

  /** A stream has ended. */
  release(): void {
    this.#open--
  }

  /** Puts a stream's chunk in line; all that came in one turn of the event loop run together. */
  enqueue(stream: LaneStream): void {
    this.#waiting.push(stream)
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => this.#run())
  }

  #run(): void {
    this.#scheduled = false
    const queue = this.#waiting
    this.#waiting = []
    let next = 0
    for (;;) {
      let busy = 0
      for (let lane = 0; lane < lanes; lane++) {
        while (this.#blocks[lane] === 0) {
          const stream = this.#lanes[lane] ?? queue[next++]
          if (stream === undefined) break
          this.#fill(stream, lane)
        }
        if (this.#lanes[lane] !== undefined) busy++
      }
      if (busy === 0) return
      this.#compress(busy)
    }
  }

  /** Puts a stream into a lane with its next blocks, or takes it out if it has none left. */
  #fill(stream: LaneStream, lane: number): void {
    if (this.#lanes[lane] === undefined) {
      this.#lanes[lane] = stream
      this.#enter(stream, lane)
    }
    if (stream.taken < stream.chunk.length) {
      this.#blocks[lane] = this.#load(stream, lane)
      this.#from[lane] = laneAt + lane * laneBytes
    } else {
      this.#leave(stream, lane)
      this.#lanes[lane] = undefined
    }
  }

  /** Runs as many blocks as every busy lane has; a lane alone runs all of its own. */
  #compress(busy: number): void {
    let least = Number.MAX_SAFE_INTEGER
    let last = 0
    for (let lane = 0; lane < lanes; lane++) {
      if (this.#lanes[lane] === undefined) continue
      last = lane
      least = Math.min(least, this.#blocks[lane] ?? 0)
    }
    const at = (lane: number): number => this.#at(lane, last)
    if (busy === 1) this.#one(least, at(last), stateWord(last, 0) * 4)
    else if (last < half) this.#four(least, at(0), at(1), at(2), at(3))
    else this.#eight(least, at(0), at(1), at(2), at(3), at(4), at(5), at(6), at(7))
    for (let lane = 0; lane < lanes; lane++) {
      if (this.#lanes[lane] === undefined) continue
      this.#blocks[lane] = (this.#blocks[lane] ?? 0) - least
      this.#from[lane] = (this.#from[lane] ?? 0) + least * 64
    }
  }

  /** Where a lane's input begins; an idle one reads that of a busy one, and nobody looks at what comes out. */
  #at(lane: number, busy: number): number {
    return this.#from[this.#lanes[lane] === undefined ? busy : lane] ?? 0
  }

  #enter(stream: LaneStream, lane: number): void {
    for (let word = 0; word < 4; word++)
      this.#states[stateWord(lane, word)] = stream.state[word] ?? 0
  }

  #leave(stream: LaneStream, lane: number): void {
    for (let word = 0; word < 4; word++)
      stream.state[word] = this.#states[stateWord(lane, word)] ?? 0
    stream.chunk = stream.tail.subarray(0, 0)
    stream.done?.()
    stream.done = undefined
  }

  /** Copies the tail and the next slice of the chunk into the lane's input. @returns whole blocks */
  #load(stream: LaneStream, lane: number): number {
    const { chunk, tail } = stream
    const at = laneAt + lane * laneBytes
    const kept = stream.tailBytes
    if (kept > 0) this.#memory.set(kept === 64 ? tail : tail.subarray(0, kept), at)
    const end = Math.min(chunk.length, stream.taken + sliceBytes)
    const slice =
      stream.taken === 0 && end === chunk.length ? chunk : chunk.subarray(stream.taken, end)
    this.#memory.set(slice, at + kept)
    stream.taken = end
    const filled = kept + slice.length
    const rest = filled % 64
    if (rest > 0) tail.set(this.#memory.subarray(at + filled - rest, at + filled))
    stream.tailBytes = rest
    return (filled - rest) / 64
  }

  /** Pads and runs the last block or two. */
  finish(stream: LaneStream): Buffer {
    const { tailBytes } = stream
    const blocks = tailBytes < 56 ? 1 : 2
    const at = laneAt
    this.#memory.fill(0, at, at + blocks * 64)
    this.#memory.set(stream.tail.subarray(0, tailBytes), at)
    this.#memory[at + tailBytes] = 0x80
    const view = new DataView(this.#module.memory, at + blocks * 64 - 8, 8)
    view.setUint32(0, (stream.length * 8) >>> 0, true)
    view.setUint32(4, Math.floor(stream.length / 2 ** 29) >>> 0, true)
    this.#enter(stream, 0)
    this.#one(blocks, at, 0)
    const digest = Buffer.allocUnsafe(16)
    for (let word = 0; word < 4; word++)
      digest.writeInt32LE(this.#states[stateWord(0, word)] ?? 0, word * 4)
    return digest
  }
}

/** The pool of this thread. */
export const md5Pool = new Md5Pool()
