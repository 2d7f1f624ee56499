/** The body of a request as an iterable: back-pressure, an end that is told apart from a client who left. */
import type { IncomingMessage } from 'node:http'
import { S3Error } from '../model/errors.ts'

/** Chunks that wait for their reader before the socket is paused. */
const queueMax = 4

const ended: IteratorReturnResult<undefined> = { done: true, value: undefined }
type Result = IteratorResult<Buffer, undefined>

interface Waiter {
  resolve(result: Result): void
  reject(error: Error): void
}

/** Chunks below this are left to the garbage collector, which is cheaper. */
const releasedMin = 16 * 1024

/**
 * Frees a chunk that nobody looks at any more. Each chunk of a body has memory of its own outside the heap, and V8
 * counts it: left to the garbage collector, every few megabytes of an upload are a collection of the whole heap.
 */
export function releaseChunk(chunk: Buffer): void {
  const { buffer, byteLength } = chunk
  if (byteLength < releasedMin || byteLength !== buffer.byteLength) return
  if (buffer instanceof ArrayBuffer) buffer.transfer(0)
}

/** Whether nothing more of a body comes: it is all here, or its headers said that there is none. */
const isHere = ({ complete, readableEnded }: IncomingMessage): boolean => complete || readableEnded

/** May be iterated once. */
export class RequestBody implements AsyncIterable<Buffer>, AsyncIterator<Buffer, undefined> {
  readonly #message: IncomingMessage
  #queue: Buffer[] = []
  #waiter: Waiter | undefined
  #state: 'untouched' | 'flowing' | 'ended' | 'interrupted' = 'untouched'
  #paused = false
  #reason: S3Error | undefined
  /** Bytes handed out or queued so far. */
  received = 0

  constructor(message: IncomingMessage) {
    this.#message = message
  }

  /** Whether it ended before it was complete, so that no more of it is worth waiting for. */
  get interrupted(): boolean {
    return this.#state === 'interrupted'
  }

  /** Whether a reader waits for the client to send more. */
  get starving(): boolean {
    return this.#waiter !== undefined
  }

  [Symbol.asyncIterator](): AsyncIterator<Buffer, undefined> {
    return this
  }

  next(): Promise<Result> {
    const queued = this.#queue.shift()
    if (queued !== undefined) {
      if (this.#paused && this.#queue.length < queueMax / 2) {
        this.#paused = false
        this.#message.resume()
      }
      return Promise.resolve({ done: false, value: queued })
    }
    if (this.#state === 'untouched') {
      const first = this.#first()
      if (first !== undefined) return first
    }
    if (this.#state === 'ended') return Promise.resolve(ended)
    if (this.#state === 'interrupted')
      return Promise.reject(this.#reason ?? new S3Error('ConnectionClosedByRequester'))
    return new Promise((resolve, reject) => {
      this.#waiter = { resolve, reject }
    })
  }

  /** The reader wants no more; what is left is discarded by the server. */
  return(): Promise<Result> {
    this.#queue = []
    if (this.#state !== 'interrupted') this.#state = 'ended'
    return Promise.resolve(ended)
  }

  /** Ends reading with this error: the client left, was too slow, or sent something that is no HTTP. */
  interrupt(reason: S3Error): void {
    if (this.#state === 'ended' || this.#state === 'interrupted') return
    this.#state = 'interrupted'
    this.#reason = reason
    this.#queue = []
    const waiter = this.#waiter
    this.#waiter = undefined
    waiter?.reject(reason)
  }

  /** All of it, where it is here already in one chunk and nobody asked for it before; else undefined. */
  whole(): Buffer | undefined {
    if (this.#state !== 'untouched' || !isHere(this.#message)) return undefined
    this.#drain()
    return this.#queue.length === 1 ? this.#queue.pop() : undefined
  }

  /** Takes a message that is complete into the queue. */
  #drain(): void {
    const message = this.#message
    // Beyond its high-water mark node hands out one chunk at a time.
    while (message.readableLength > 0) {
      const chunk: Buffer | null = message.read()
      if (chunk === null) break
      this.received += chunk.length
      this.#queue.push(chunk)
    }
    this.#state = 'ended'
  }

  /** A small body is here whole when its reader asks; then no listener is needed. */
  #first(): Promise<Result> | undefined {
    const message = this.#message
    if (isHere(message)) {
      this.#drain()
      const value = this.#queue.shift()
      return value === undefined ? undefined : Promise.resolve({ done: false, value })
    }
    if (message.destroyed) {
      this.#state = 'interrupted'
      return undefined
    }
    this.#state = 'flowing'
    message.on('data', (chunk: Buffer) => this.#arrived(chunk))
    message.on('end', () => this.#finished())
    message.on('close', () => {
      if (!message.complete) this.interrupt(new S3Error('ConnectionClosedByRequester'))
    })
    return undefined
  }

  #arrived(chunk: Buffer): void {
    this.received += chunk.length
    if (this.#state !== 'flowing') return
    const waiter = this.#waiter
    if (waiter !== undefined) {
      this.#waiter = undefined
      waiter.resolve({ done: false, value: chunk })
      return
    }
    this.#queue.push(chunk)
    if (this.#queue.length >= queueMax && !this.#paused) {
      this.#paused = true
      this.#message.pause()
    }
  }

  #finished(): void {
    if (this.#state !== 'flowing') return
    this.#state = 'ended'
    const waiter = this.#waiter
    this.#waiter = undefined
    waiter?.resolve(ended)
  }
}
