/** The HTTP server: node:http(s) on one side, the gateway's handler on the other. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https'
import { type AddressInfo, Server as NetServer } from 'node:net'
import type { Handler, Outgoing } from '../gateway/message.ts'
import { S3Error } from '../model/errors.ts'
import { type Connection, Exchange, queued, refused, underWay } from './exchange.ts'
import { answer, isStreamed } from './http-answer.ts'
import { codeOfBreak, instead, rawAnswer, refusal, refusalOf } from './http-refusal.ts'
import { isLast, lastOf, takeTurn } from './turns.ts'

/** How long a client that sent broken HTTP may take to read why. */
const refusedMs = 1000

/** How long a drain waits for requests that are on their way on connections that seem idle. */
const idleGraceMs = 200

/** Times in milliseconds. */
export interface HttpLimits {
  readonly headerTimeout: number
  readonly idleTimeout: number
  readonly keepAliveTimeout: number
  /** Bytes. */
  readonly maxHeaderSize: number
  readonly maxConnections: number
}

export interface HttpOptions {
  readonly handler: Handler
  readonly limits: HttpLimits
  /** Called once for each request when its answer is handed over (or could not be). `failure`: of the answer's stream. */
  readonly observe: (exchange: Exchange, outgoing: Outgoing, failure: unknown) => void
  /** Called for what never became a request. */
  readonly observeRefusal: (outgoing: Outgoing, remoteAddress: string) => void
  /** Certificate and key (PEM); plain HTTP without. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined
}

export interface ListenOptions {
  readonly host: string
  readonly port: number
  /** Shares the port with other threads that say the same. */
  readonly shared: boolean
}

/** An exchange whose answer is known. */
interface Ready {
  readonly exchange: Exchange
  readonly outgoing: Outgoing
}

export class HttpServer {
  readonly #server: Server | TlsServer
  readonly #options: HttpOptions
  /** Exchanges whose body is being read or whose answer was not taken at once: only those can be slow. */
  readonly #watched = new Set<Exchange>()
  readonly #watch: NodeJS.Timeout
  #ready: Ready[] = []
  #inFlight = 0
  #draining = false
  #sweep: NodeJS.Timeout | undefined
  readonly #onBody = (exchange: Exchange) => this.#follow(exchange)
  readonly #onTurn = (exchange: Exchange) => void this.#serve(exchange)

  constructor(options: HttpOptions) {
    this.#options = options
    const { limits, tls } = options
    const common = {
      maxHeaderSize: limits.maxHeaderSize,
      headersTimeout: limits.headerTimeout,
      // Uploads may take days as long as they move: #unhurry looks after those that do not.
      requestTimeout: 0,
      keepAliveTimeout: limits.keepAliveTimeout,
      connectionsCheckingInterval: Math.min(5000, Math.ceil(limits.headerTimeout / 2)),
      insecureHTTPParser: false,
      requireHostHeader: false,
      // Most requests have no body: no stream has to end for them.
      optimizeEmptyRequests: true,
    }
    this.#server = tls === undefined ? createServer(common) : createTlsServer({ ...common, ...tls })
    const server = this.#server
    server.maxConnections = limits.maxConnections
    server.on('request', (request, response) => this.#arrive(request, response, false))
    server.on('checkContinue', (request, response) => this.#arrive(request, response, true))
    // S3 ignores expectations that it does not know.
    server.on('checkExpectation', (request, response) => this.#arrive(request, response, false))
    server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
      this.#onClientError(error, socket as Connection)
    })
    this.#watch = setInterval(() => this.#unhurry(), Math.max(25, limits.idleTimeout / 4)).unref()
  }

  /** Requests that were begun and not answered yet. */
  get inFlight(): number {
    return this.#inFlight
  }

  /** Resolves with the port. Rejects as node does (EADDRINUSE, EACCES …). */
  async listen({ host, port, shared }: ListenOptions): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject)
      const options = { host, port, exclusive: true, backlog: 1024 }
      this.#server.listen(shared ? { ...options, reusePort: true } : options, () => {
        this.#server.off('error', reject)
        resolve()
      })
    })
    return (this.#server.address() as AddressInfo).port
  }

  /** New connections use this certificate. */
  setCertificate(tls: { readonly cert: string; readonly key: string }): void {
    if ('setSecureContext' in this.#server) this.#server.setSecureContext(tls)
  }

  /**
   * Stops to listen, lets requests under way finish within the time, then closes what is left. A connection that has
   * just been answered may have its next request on the way: that one is answered too, and told that it is the last.
   */
  async close(graceMs: number): Promise<void> {
    this.#draining = true
    // node's own `close` would end idle connections at once, and with them what their clients are sending.
    const closed = new Promise<void>(resolve => {
      NetServer.prototype.close.call(this.#server, () => resolve())
    })
    const end = setTimeout(() => this.#server.closeAllConnections(), graceMs)
    const patience = setTimeout(() => this.#closeIdle(), Math.min(idleGraceMs, graceMs))
    await closed
    clearTimeout(end)
    clearTimeout(patience)
    this.#closeIdle()
    clearInterval(this.#sweep)
    clearInterval(this.#watch)
  }

  /** From now on idle connections are closed: those there are, and others when they become it. */
  #closeIdle(): void {
    // It does not listen any more, and says so; what it has besides is let go.
    this.#server.close(() => undefined)
    this.#sweep ??= setInterval(() => this.#server.closeIdleConnections(), 50)
  }

  #arrive(request: IncomingMessage, response: ServerResponse, expects: boolean): void {
    const exchange = new Exchange(request, response, expects, this.#onBody)
    if (takeTurn(exchange, this.#onTurn)) void this.#serve(exchange)
  }

  async #serve(exchange: Exchange): Promise<void> {
    const { headers, httpVersionMinor } = exchange.request
    this.#inFlight += 1
    let outgoing: Outgoing
    try {
      outgoing =
        headers.host === undefined && httpVersionMinor > 0
          ? refusal('BadRequest', { status: 400 })
          : await this.#options.handler(exchange)
    } catch (cause) {
      // The handler answers everything itself; if it throws, it is a bug, and the client shall still hear of it.
      outgoing = refusal('InternalError', { cause })
    }
    this.#ready.push({ exchange, outgoing })
    if (this.#ready.length === 1) setImmediate(this.#answerReady)
  }

  /**
   * Answers what became ready while the loop looked at all connections that had something for us. Written one behind the
   * other they cost less than each by itself: who reads them is woken once. So logs and metrics come after all of them.
   */
  readonly #answerReady = (): void => {
    const ready = this.#ready
    this.#ready = []
    const answered: Ready[] = []
    for (const one of ready) if (this.#answer(one)) answered.push(one)
    for (const { exchange, outgoing } of answered) this.#over(exchange, outgoing, undefined)
  }

  /** Whether the answer is handed over; what takes longer goes on by itself. */
  #answer({ exchange, outgoing }: Ready): boolean {
    try {
      if (isStreamed(outgoing.body)) this.#follow(exchange)
      const streaming = answer(exchange, outgoing, this.#draining || isLast(exchange.connection))
      if (streaming === undefined) return true
      void this.#stream(exchange, outgoing, streaming)
    } catch (error) {
      void this.#fail(exchange, outgoing, error)
    }
    return false
  }

  async #stream(exchange: Exchange, outgoing: Outgoing, streaming: Promise<void>): Promise<void> {
    try {
      await streaming
    } catch (error) {
      await this.#fail(exchange, outgoing, error)
      return
    }
    this.#over(exchange, outgoing, undefined)
  }

  async #fail(exchange: Exchange, wanted: Outgoing, error: unknown): Promise<void> {
    const { response } = exchange
    if (response.headersSent || response.destroyed) {
      response.destroy()
      this.#over(exchange, wanted, error)
      return
    }
    const outgoing = instead(wanted.record, error)
    await answer(exchange, outgoing, true)
    this.#over(exchange, outgoing, undefined)
  }

  #over(exchange: Exchange, outgoing: Outgoing, failure: unknown): void {
    this.#inFlight -= 1
    exchange.handedOver = true
    if (exchange.connection.writableLength > 0 && !exchange.over) {
      // The answer waits for a client to take it, and holds memory meanwhile.
      exchange.writing = true
      this.#follow(exchange)
    } else {
      this.#watched.delete(exchange)
      if (exchange.connection[queued] === undefined) exchange.connection[underWay] = undefined
    }
    this.#options.observe(exchange, outgoing, failure)
  }

  #follow(exchange: Exchange): void {
    const { connection } = exchange
    exchange.moved = connection.bytesRead + connection.bytesWritten
    exchange.movedAt = performance.now()
    this.#watched.add(exchange)
  }

  /** Gives up exchanges that wait for a client of whom nothing was heard for too long. */
  #unhurry(): void {
    const now = performance.now()
    for (const exchange of this.#watched) {
      if (exchange.over) {
        this.#watched.delete(exchange)
        continue
      }
      const { connection } = exchange
      const moved = connection.bytesRead + connection.bytesWritten
      const body = exchange.bodyInUse
      const waits = exchange.writing || body?.starving === true
      if (moved !== exchange.moved || !waits) {
        exchange.moved = moved
        exchange.movedAt = now
      } else if (now - exchange.movedAt >= this.#options.limits.idleTimeout) {
        if (exchange.writing) exchange.response.destroy()
        else body?.interrupt(new S3Error('RequestTimeout'))
      }
    }
  }

  #onClientError(error: NodeJS.ErrnoException, socket: Connection): void {
    const latest = socket[underWay]
    const exchange = latest?.over === true ? undefined : latest
    // The body broke off in the middle of a request: its handler answers.
    const gone = error.code === 'ECONNRESET'
    if (
      exchange?.response.headersSent === false &&
      (gone ? exchange.bodyInUse !== undefined : !exchange.request.complete)
    ) {
      exchange.body.interrupt(new S3Error(codeOfBreak(error.code)))
      return
    }
    if (!gone && exchange?.request.complete === true) {
      lastOf(socket, exchange)
      return
    }
    if (socket[refused] === true) return
    if (gone || !socket.writable || exchange !== undefined) {
      socket.destroy()
      return
    }
    socket[refused] = true
    const outgoing = refusalOf(error.code)
    this.#options.observeRefusal(outgoing, socket.remoteAddress ?? '')
    // Closed at once, with bytes of the client unread, the system would take the answer back.
    setTimeout(() => socket.destroy(), refusedMs).unref()
    socket.once('end', () => socket.destroy())
    socket.end(rawAnswer(outgoing))
  }
}
