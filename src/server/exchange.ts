/** One request and its answer on a connection of node:http, as the gateway wants to see them. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { Incoming } from '../gateway/message.ts'
import { RequestBody, releaseChunk } from './http-body.ts'

/** The socket knows the exchange under way on it, so that an error of the parser finds it. */
export const underWay = Symbol('exchange under way')
/** Set on a socket that spoke no HTTP: what else comes is not looked at. */
export const refused = Symbol('refused')
/** Exchanges whose requests came before the answer to an earlier one was taken; only pipelining clients have that. */
export const queued = Symbol('exchanges that wait for their turn')
export type Connection = Socket & {
  [underWay]?: Exchange | undefined
  [queued]?: Exchange[]
  [refused]?: true
}

const mapped = '::ffff:'

export class Exchange implements Incoming {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly connection: Connection
  readonly #expectsContinue: boolean
  /** Of performance.now(), when the headers were here. */
  readonly started = performance.now()
  /** Bytes of the answer's body so far. */
  sent = 0
  /** Whether a chunk of the answer waits for the client to take it. */
  writing = false
  /** Whether the answer is with the response, all of it; the client may still have to take it. */
  handedOver = false
  /** For the watch over slow clients: bytes moved when last looked, and when that was. */
  moved = 0
  movedAt = 0
  #proceeded = false
  #body: RequestBody | undefined
  readonly #onBody: (exchange: Exchange) => void

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    expectsContinue: boolean,
    onBody: (exchange: Exchange) => void,
  ) {
    this.request = request
    this.response = response
    this.connection = request.socket
    this.#expectsContinue = expectsContinue
    this.#onBody = onBody
  }

  get method(): string {
    return this.request.method ?? ''
  }

  get target(): string {
    return this.request.url ?? ''
  }

  get headers(): Readonly<Record<string, string | undefined>> {
    // Only `set-cookie` would be a list, and nobody sends it to a server for a reason.
    return this.request.headers as Record<string, string | undefined>
  }

  get rawHeaders(): readonly string[] {
    return this.request.rawHeaders
  }

  get remoteAddress(): string {
    const address = this.request.socket.remoteAddress ?? ''
    return address.startsWith(mapped) ? address.slice(mapped.length) : address
  }

  get secure(): boolean {
    return 'encrypted' in this.request.socket
  }

  get tlsVersion(): string | undefined {
    const { socket } = this.request
    return socket instanceof TLSSocket
      ? /^TLSv(\d\.\d)$/.exec(socket.getProtocol() ?? '')?.[1]
      : undefined
  }

  /** Nobody will take the answer: the socket is closed, or its client has closed his side. */
  get gone(): boolean {
    return this.response.destroyed
  }

  get body(): RequestBody {
    if (this.#body === undefined) {
      this.#body = new RequestBody(this.request)
      if (!this.request.complete) this.#onBody(this)
    }
    return this.#body
  }

  /** Whether nothing more will happen: the system has taken the answer, or the client is gone. */
  get over(): boolean {
    const { response } = this
    return this.handedOver && (response.writableFinished || response.destroyed)
  }

  whole(): Buffer | undefined {
    return this.body.whole()
  }

  release(chunk: Buffer): void {
    releaseChunk(chunk)
  }

  /** The body, if anybody asked for it. */
  get bodyInUse(): RequestBody | undefined {
    return this.#body
  }

  /** Whether the client still waits for leave to send its body. */
  get withheld(): boolean {
    return this.#expectsContinue && !this.#proceeded
  }

  proceed(): void {
    if (!this.withheld) return
    this.#proceeded = true
    if (!this.response.headersSent) this.response.writeContinue()
  }
}
