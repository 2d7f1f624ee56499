// A client that may send anything: it signs as it is told and speaks HTTP on a bare socket.

import { hash } from 'node:crypto'
import { connect } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { presign, sign } from '../src/wire/auth/sign.ts'

export interface Answer {
  readonly status: number
  /** Names in lower case; of repeated ones the last. */
  readonly headers: Readonly<Record<string, string>>
  readonly bytes: Buffer
  readonly text: string
  /** Statuses of interim answers before it. */
  readonly interim: readonly number[]
  /** The S3 error's code, `''` without one. */
  readonly code: string
}

/** The text of the first element of this name; `''` without one. */
export function element(xml: string, name: string): string {
  const found = new RegExp(`<${name}(?: [^>]*)?>([^]*?)</${name}>`).exec(xml)
  return unescapeXml(found?.[1] ?? '')
}

/** The texts of all elements of this name. */
export function elements(xml: string, name: string): string[] {
  return [...xml.matchAll(new RegExp(`<${name}(?: [^>]*)?>([^]*?)</${name}>`, 'g'))].map(found =>
    unescapeXml(found[1] ?? ''),
  )
}

const unescapeXml = (text: string): string =>
  text
    .replace(/&#x([0-9A-Fa-f]+);/g, (_, hex: string) =>
      String.fromCodePoint(Number.parseInt(hex, 16)),
    )
    .replace(/&#(\d+);/g, (_, digits: string) => String.fromCodePoint(Number(digits)))
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&apos;', "'")
    .replaceAll('&amp;', '&')

interface Head {
  readonly status: number
  readonly headers: Record<string, string>
  readonly length: number
}

function readHead(bytes: Buffer): Head | undefined {
  const end = bytes.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const [first = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n')
  const headers: Record<string, string> = {}
  for (const line of lines) {
    const colon = line.indexOf(':')
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim()
  }
  return { status: Number(first.split(' ')[1]), headers, length: end + 4 }
}

function readChunked(bytes: Buffer): Buffer | undefined {
  const parts: Buffer[] = []
  let at = 0
  for (;;) {
    const end = bytes.indexOf('\r\n', at)
    if (end < 0) return undefined
    const size = Number.parseInt(bytes.toString('latin1', at, end), 16)
    if (bytes.length < end + 2 + size + 2) return undefined
    if (size === 0) return Buffer.concat(parts)
    parts.push(bytes.subarray(end + 2, end + 2 + size))
    at = end + 2 + size + 2
  }
}

/** The answer at the beginning of these bytes, and how many of them it is; undefined as long as it is not whole. */
export function parseAnswer(
  bytes: Buffer,
  ended: boolean,
  isHead = false,
): { answer: Answer; length: number } | undefined {
  const interim: number[] = []
  let at = 0
  for (;;) {
    const head = readHead(bytes.subarray(at))
    if (head === undefined) return undefined
    at += head.length
    if (head.status < 200) {
      interim.push(head.status)
      continue
    }
    const { status, headers } = head
    const rest = bytes.subarray(at)
    let body: Buffer | undefined
    const length = headers['content-length']
    if (isHead || status === 204 || status === 304) body = Buffer.alloc(0)
    else if (length !== undefined)
      body = rest.length >= Number(length) ? rest.subarray(0, Number(length)) : undefined
    else if (headers['transfer-encoding'] === 'chunked') body = readChunked(rest)
    else body = ended ? rest : undefined
    if (body === undefined) return undefined
    const text = body.toString()
    const code = status >= 300 || text.includes('<Error>') ? element(text, 'Code') : ''
    return {
      answer: { status, headers, bytes: body, text, interim, code },
      length: at + body.length,
    }
  }
}

export interface Wire {
  readonly port: number
  readonly host?: string
  readonly tls?: {
    readonly ca: string
    readonly servername?: string
    readonly maxVersion?: 'TLSv1.2'
  }
}

/** A bare connection, to send bytes in one's own time. */
export class Connection {
  readonly socket
  received: Buffer = Buffer.alloc(0)
  ended = false
  #wake: (() => void)[] = []
  readonly #parts: Buffer[] = []

  constructor({ port, host = '127.0.0.1', tls }: Wire) {
    this.socket = tls === undefined ? connect({ port, host }) : connectTls({ port, host, ...tls })
    this.socket.on('data', (chunk: Buffer) => {
      this.#parts.push(chunk)
      this.#stir()
    })
    const over = () => {
      this.ended = true
      this.#stir()
    }
    this.socket.on('end', over)
    this.socket.on('close', over)
    // A server that closes on a client that still sends is part of what is tested.
    this.socket.on('error', over)
  }

  #stir(): void {
    for (const wake of this.#wake.splice(0)) wake()
  }

  write(bytes: Uint8Array | string): void {
    this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes)
  }

  /** The next whole answer. Rejects when the connection ends before. */
  async answer(isHead = false): Promise<Answer> {
    for (;;) {
      this.received = Buffer.concat([this.received, ...this.#parts.splice(0)])
      const found = parseAnswer(this.received, this.ended, isHead)
      if (found !== undefined) {
        this.received = this.received.subarray(found.length)
        return found.answer
      }
      if (this.ended)
        throw new Error(`the connection ended; received: ${this.received.toString('latin1')}`)
      await new Promise<void>(resolve => this.#wake.push(resolve))
    }
  }

  /** Resolves with everything that came until the server closed. */
  async rest(): Promise<Buffer> {
    while (!this.ended) await new Promise<void>(resolve => this.#wake.push(resolve))
    return Buffer.concat([this.received, ...this.#parts])
  }

  close(): void {
    this.socket.destroy()
  }
}

export type Headers = Readonly<Record<string, string>>

export interface Request {
  readonly method?: string
  /** Path and query as they are sent. */
  readonly target: string
  /** Signed. */
  readonly headers?: Headers
  /** Sent, but not signed. */
  readonly unsigned?: Headers
  readonly body?: Uint8Array | string
  /** `x-amz-content-sha256`; the body's hash by default. */
  readonly payload?: string
  readonly host?: string
  /** When it is signed, in milliseconds since the epoch. */
  readonly now?: number
  readonly region?: string
  readonly secret?: string
  readonly accessKeyId?: string
  readonly ecdsa?: boolean
}

const bytesOf = (body: Uint8Array | string | undefined): Uint8Array =>
  typeof body === 'string' ? Buffer.from(body) : (body ?? Buffer.alloc(0))

/** A request's bytes up to its body. */
export function headOf(method: string, target: string, headers: Headers): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return `${method} ${target} HTTP/1.1\r\n${lines.join('')}\r\n`
}

/** Signs and sends as one account. */
export class Client {
  readonly wire: Wire
  readonly accessKeyId: string
  readonly secret: string
  readonly region: string

  constructor(options: Wire & { accessKeyId: string; secret: string; region?: string }) {
    this.wire = options
    this.accessKeyId = options.accessKeyId
    this.secret = options.secret
    this.region = options.region ?? 'us-east-1'
  }

  get host(): string {
    return `127.0.0.1:${this.wire.port}`
  }

  /** The headers of a signed request, `authorization` and `host` among them. */
  sign(request: Request): Record<string, string> {
    const { method = 'GET', target, headers = {}, body, ecdsa } = request
    return sign({
      accessKeyId: request.accessKeyId ?? this.accessKeyId,
      secret: request.secret ?? this.secret,
      region: request.region ?? this.region,
      now: request.now ?? Date.now(),
      method,
      target,
      host: request.host ?? this.host,
      headers,
      payload: request.payload ?? hash('sha256', bytesOf(body), 'hex'),
      ...(ecdsa === undefined ? {} : { ecdsa }),
    })
  }

  /** Signs in the headers, sends, and resolves with the answer. */
  send(request: Request): Promise<Answer> {
    return this.plain({ ...request, headers: this.sign(request) })
  }

  /** Sends just these headers, with `host` and `content-length` unless they are there. */
  async plain(request: Request): Promise<Answer> {
    const { method = 'GET', target, headers = {}, unsigned = {} } = request
    const body = bytesOf(request.body)
    const all: Record<string, string> = { ...headers, ...unsigned }
    all['host'] ??= request.host ?? this.host
    all['connection'] ??= 'close'
    const carries = body.byteLength > 0 || method === 'PUT' || method === 'POST'
    if (carries && all['transfer-encoding'] === undefined)
      all['content-length'] ??= String(body.byteLength)
    const connection = new Connection(this.wire)
    connection.write(headOf(method, target, all))
    if (body.byteLength > 0) connection.write(body)
    try {
      return await connection.answer(method === 'HEAD')
    } finally {
      connection.close()
    }
  }

  /** A presigned path and query. `path` is not encoded. */
  presign(request: {
    readonly method?: string
    readonly path: string
    readonly query?: Headers
    readonly headers?: Headers
    readonly expires?: number
    readonly now?: number
    readonly host?: string
    readonly ecdsa?: boolean
  }): string {
    const { method = 'GET', path, query = {}, headers = {}, expires = 300, ecdsa } = request
    return presign({
      accessKeyId: this.accessKeyId,
      secret: this.secret,
      region: this.region,
      now: request.now ?? Date.now(),
      method,
      host: request.host ?? this.host,
      path,
      query,
      headers,
      expires,
      ...(ecdsa === undefined ? {} : { ecdsa }),
    })
  }

  get(target: string, headers: Headers = {}): Promise<Answer> {
    return this.send({ target, headers })
  }

  head(target: string, headers: Headers = {}): Promise<Answer> {
    return this.send({ method: 'HEAD', target, headers })
  }

  put(target: string, body: Uint8Array | string = '', headers: Headers = {}): Promise<Answer> {
    return this.send({ method: 'PUT', target, body, headers })
  }

  post(target: string, body: Uint8Array | string = '', headers: Headers = {}): Promise<Answer> {
    return this.send({ method: 'POST', target, body, headers })
  }

  delete(target: string, headers: Headers = {}): Promise<Answer> {
    return this.send({ method: 'DELETE', target, headers })
  }

  /** Sends an XML document with the digest that some operations ask for. */
  document(
    method: 'PUT' | 'POST',
    target: string,
    body: string,
    headers: Headers = {},
  ): Promise<Answer> {
    const md5 = { 'content-md5': hash('md5', body, 'base64') }
    return this.send({ method, target, body, headers: { ...md5, ...headers } })
  }

  /** Enabled or Suspended. */
  versioning(bucket: string, status: string): Promise<Answer> {
    const text = `<VersioningConfiguration><Status>${status}</Status></VersioningConfiguration>`
    return this.document('PUT', `/${bucket}?versioning`, text)
  }

  /** Keys of a bucket as the list tells them. */
  async keys(bucket = 'bucket'): Promise<string[]> {
    const { text } = await this.get(`/${bucket}?list-type=2&encoding-type=url`)
    return elements(text, 'Key').map(key => decodeURIComponent(key.replaceAll('+', ' ')))
  }
}
