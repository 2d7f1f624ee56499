/** Writes an answer to the socket: headers as they are, small bodies at once, streams as fast as the client takes them. */
import type { ServerResponse } from 'node:http'
import type { Outgoing } from '../gateway/message.ts'
import type { Exchange } from './exchange.ts'

/** What is left of a body that nobody read is taken up to here, so that the client comes to read its answer. */
const lingerBytes = 16 * 2 ** 20
const lingerMs = 10_000
/** So much of an unread body costs less than a new connection. */
const skipBytes = 2 ** 16

/** The value of a header in a flat list, or undefined. `name` in lower case. */
export function flatHeader(headers: readonly string[], name: string): string | undefined {
  for (let i = 0; i < headers.length; i += 2) {
    const candidate = headers[i]
    if (candidate?.length === name.length && candidate.toLowerCase() === name) return headers[i + 1]
  }
  return undefined
}

/** 'close': nothing is worth waiting for; the connection ends with the answer. */
type Leftover = 'nothing' | 'skip' | 'linger' | 'close'

/** What becomes of the body of a request whose answer is ready. */
function leftover({ request, withheld, bodyInUse }: Exchange): Leftover {
  if (request.complete) return 'nothing'
  if (withheld || bodyInUse?.interrupted === true) return 'close'
  const declared = Number(request.headers['content-length'] ?? Number.NaN)
  return declared <= skipBytes ? 'skip' : 'linger'
}

/** Discards what the client still sends, within bounds; resolves when it is over. */
async function linger({ request, bodyInUse }: Exchange): Promise<void> {
  await bodyInUse?.return()
  if (request.complete || request.destroyed) return
  await new Promise<void>(resolve => {
    let discarded = 0
    const timer = setTimeout(resolve, lingerMs)
    const over = () => {
      clearTimeout(timer)
      resolve()
    }
    request.on('data', (chunk: Buffer) => {
      discarded += chunk.length
      if (discarded > lingerBytes) over()
    })
    request.once('end', over)
    request.once('close', over)
    request.resume()
  })
}

function skip({ request, bodyInUse }: Exchange): void {
  void bodyInUse?.return()
  request.resume()
}

/** Hands chunks to a response one by one; each is done with when its promise resolves. */
class ChunkWriter {
  readonly #exchange: Exchange
  readonly #response: ServerResponse
  #wake: (() => void) | undefined
  closed = false
  readonly #taken = (error?: Error | null) => {
    if (error) this.closed = true
    this.#resume()
  }

  constructor(exchange: Exchange) {
    this.#exchange = exchange
    this.#response = exchange.response
    this.closed = this.#response.destroyed
    this.#response.once('close', () => {
      this.closed = true
      this.#resume()
    })
  }

  #resume(): void {
    const wake = this.#wake
    this.#wake = undefined
    wake?.()
  }

  /** Resolves when the system has taken the chunk, or the client is gone. */
  async write(chunk: Uint8Array): Promise<void> {
    if (this.closed) return
    this.#exchange.writing = true
    await new Promise<void>(resolve => {
      this.#wake = resolve
      this.#response.write(chunk, this.#taken)
    })
    this.#exchange.writing = false
  }
}

async function writeStream(
  exchange: Exchange,
  body: AsyncIterable<Uint8Array>,
  declared: number,
): Promise<void> {
  const { response } = exchange
  const writer = new ChunkWriter(exchange)
  for await (const chunk of body) {
    if (chunk.length > 0) {
      await writer.write(chunk)
      if (writer.closed) return
      exchange.sent += chunk.length
    }
  }
  if (declared >= 0 && declared !== exchange.sent) {
    response.destroy()
    throw new Error(`a body of ${declared} bytes ended after ${exchange.sent}`)
  }
}

/** Up to this many bytes a body is joined to its headers: copying costs less than a second buffer in the same write. */
const joinedBytes = 8192

/** Ends with a body that is all there. node:http joins a string to the headers, and writes that without allocating. */
function endWith(response: ServerResponse, body: string | Uint8Array, length: number): void {
  if (typeof body === 'string') response.end(body, 'latin1')
  else if (length > joinedBytes) response.end(body)
  else {
    const bytes = Buffer.isBuffer(body) ? body : Buffer.from(body.buffer, body.byteOffset, length)
    response.end(bytes.toString('latin1'), 'latin1')
  }
}

const sizeOf = (body: string | Uint8Array): number =>
  typeof body === 'string' ? body.length : body.byteLength

const isStream = (body: Outgoing['body']): body is AsyncIterable<Uint8Array> =>
  typeof body === 'object' && Symbol.asyncIterator in body

/** Bytes above this are written in pieces of it, so that a client that takes them slowly is seen to do so. */
const pieceBytes = 2 ** 17

/** Whether a body is written piece by piece. */
export const isStreamed = (body: Outgoing['body']): boolean =>
  isStream(body) || (body !== undefined && sizeOf(body) > pieceBytes)

async function* pieces(body: string | Uint8Array): AsyncGenerator<Uint8Array> {
  const bytes = typeof body === 'string' ? Buffer.from(body, 'latin1') : body
  for (let start = 0; start < bytes.byteLength; start += pieceBytes)
    yield bytes.subarray(start, start + pieceBytes)
}

async function discardStream(body: AsyncIterable<Uint8Array>): Promise<void> {
  await body[Symbol.asyncIterator]().return?.()
}

/**
 * Writes the answer. At once where all of it is here and nothing more comes from the client, as mostly; else the promise
 * resolves when it is handed over. A stream that fails ends the connection, so that the client does not take half a body
 * for a whole one; its error is thrown. So is that of headers which cannot be written: nothing was sent then.
 */
export function answer(
  exchange: Exchange,
  outgoing: Outgoing,
  closing: boolean,
): Promise<void> | undefined {
  const { response } = exchange
  const { status, headers, body } = outgoing
  const rest = leftover(exchange)
  if (closing || rest === 'linger' || rest === 'close') headers.push('Connection', 'close')
  headers.push('Server', 'Moongate')
  const bodiless = exchange.request.method === 'HEAD' || status === 204 || status === 304
  if (isStream(body)) return answerStream(exchange, { ...outgoing, body }, { rest, bodiless })
  const length = body === undefined ? 0 : sizeOf(body)
  if (!bodiless && flatHeader(headers, 'content-length') === undefined)
    headers.push('Content-Length', String(length))
  response.writeHead(status, headers)
  if (rest !== 'nothing' || length > pieceBytes)
    return answerSlowly(exchange, bodiless ? undefined : body, rest)
  if (bodiless || body === undefined) response.end()
  else {
    exchange.sent = length
    endWith(response, body, length)
  }
  return undefined
}

interface Manner {
  readonly rest: Leftover
  /** Whether the answer has no body, whatever there is of one. */
  readonly bodiless: boolean
}

async function answerStream(
  exchange: Exchange,
  { status, headers, body }: Outgoing & { readonly body: AsyncIterable<Uint8Array> },
  { rest, bodiless }: Manner,
): Promise<void> {
  const { response } = exchange
  try {
    response.writeHead(status, headers)
  } catch (error) {
    await discardStream(body)
    throw error
  }
  if (bodiless) await discardStream(body)
  else {
    try {
      await writeStream(exchange, body, Number(flatHeader(headers, 'content-length') ?? -1))
    } catch (error) {
      response.destroy()
      throw error
    }
  }
  await finish(exchange, rest)
}

/** What is large, or has to wait for what the client still sends. The headers are written. */
async function answerSlowly(
  exchange: Exchange,
  body: string | Uint8Array | undefined,
  rest: Leftover,
): Promise<void> {
  const { response } = exchange
  const length = body === undefined ? 0 : sizeOf(body)
  if (body !== undefined && length > pieceBytes) await writeStream(exchange, pieces(body), length)
  else {
    exchange.sent = length
    if (rest !== 'linger') {
      if (body === undefined) response.end()
      else endWith(response, body, length)
    } else if (length > 0) response.write(body, 'latin1')
    else response.flushHeaders()
  }
  await finish(exchange, rest)
}

async function finish(exchange: Exchange, rest: Leftover): Promise<void> {
  const { response } = exchange
  if (rest === 'skip') skip(exchange)
  else if (rest === 'linger') await linger(exchange)
  if (!response.writableEnded) response.end()
}
