/** What is measured of a server, run by run. Each adds lines to the table. */
import { request } from 'node:http'
import { load, type Measured } from './load.ts'
import { cpuSeconds, ownMemory, type Target, urlOf } from './target.ts'

const mebibyte = 2 ** 20
const bucket = '/bench'

export interface Line {
  readonly what: string
  readonly connections: number
  /** `/s` or `MiB/s`. */
  readonly rate: string
  readonly cpu: string
  readonly p99: string
  readonly memory: string
  readonly errors: number
}

export interface RunOptions {
  readonly target: Target
  readonly seconds: number
  readonly connections: readonly number[]
  /** Keys of 1 KiB that are put and read. */
  readonly keys: number
  /** Keys of the bucket that is listed. */
  readonly listKeys: number
  readonly add: (line: Line) => void
}

const mib = (value: number): string => `${Math.round(value)} MiB`

function lineOf(what: string, connections: number, measured: Measured, bytes = 0): Line {
  const { requests, seconds, cpuMicros, p99Ms, memory, errors } = measured
  const perSecond = requests / seconds
  return {
    what,
    connections,
    rate:
      bytes > 0
        ? `${Math.round((perSecond * bytes) / mebibyte)} MiB/s`
        : `${Math.round(perSecond)}/s`,
    cpu: cpuMicros >= 1000 ? `${(cpuMicros / 1000).toFixed(2)} ms` : `${cpuMicros.toFixed(1)} µs`,
    p99: `${p99Ms.toFixed(1)} ms`,
    memory: mib(memory),
    errors,
  }
}

interface Answer {
  readonly status: number
  readonly body: Buffer
  readonly etag: string
}

/** One request; `source` yields the body's pieces. */
export function once(
  target: Target,
  url: { readonly method: string; readonly path: string },
  source?: { readonly bytes: number; pieces(): Iterable<Buffer> },
): Promise<Answer> {
  const [hostname, port] = target.host.split(':')
  const headers = { host: target.host, 'content-length': source?.bytes ?? 0 }
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port, ...url, headers, agent: false }, response => {
      const kept: Buffer[] = []
      let size = 0
      response.on('data', (chunk: Buffer) => {
        if (size < mebibyte) kept.push(chunk)
        size += chunk.length
      })
      response.once('end', () => {
        const { statusCode: status = 0, headers: told } = response
        resolve({ status, body: Buffer.concat(kept), etag: told.etag ?? '' })
      })
    })
    sent.once('error', reject)
    const pieces = source?.pieces()[Symbol.iterator]()
    const more = (): void => {
      for (;;) {
        const piece = pieces?.next()
        if (piece === undefined || piece.done === true) return void sent.end()
        if (!sent.write(piece.value)) return void sent.once('drain', more)
      }
    }
    more()
  })
}

async function must(target: Target, method: string, path: string): Promise<Answer> {
  const answer = await once(target, { method, path: urlOf(target, method, path) })
  if (answer.status >= 300)
    throw new Error(`${method} ${path}: ${answer.status} ${answer.body.toString()}`)
  return answer
}

/** Puts every key once. */
async function fill(target: Target, keys: readonly string[]): Promise<void> {
  const urls = keys.map(key => urlOf(target, 'PUT', key))
  for (let at = 0; at < urls.length; ) {
    const options = { method: 'PUT', urls, connections: 64, seconds: 4, bodyBytes: 1024, skip: at }
    at += Math.max(1, (await load(target, options)).requests)
  }
}

const keysUnder = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `${bucket}/${prefix}/${i % 100}/${i}`)

/** The same every time, so that two servers are asked in the same order. */
function shuffled(values: readonly string[]): string[] {
  const mixed = [...values]
  let state = 1
  for (let i = mixed.length - 1; i > 0; i--) {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff
    const j = state % (i + 1)
    const [a = '', b = ''] = [mixed[i], mixed[j]]
    mixed[i] = b
    mixed[j] = a
  }
  return mixed
}

export async function small(options: RunOptions): Promise<void> {
  const { target, seconds, connections, keys: count, add } = options
  const keys = keysUnder('small', count)
  const puts = keys.map(key => urlOf(target, 'PUT', key))
  for (const n of connections) {
    const run = { method: 'PUT', urls: puts, connections: n, seconds, bodyBytes: 1024 }
    add(lineOf('PUT 1 KiB', n, await load(target, run)))
  }
  await fill(target, keys)
  const gets = shuffled(keys.map(key => urlOf(target, 'GET', key)))
  for (const n of connections) {
    const run = { method: 'GET', urls: gets, connections: n, seconds }
    add(lineOf('GET 1 KiB', n, await load(target, run)))
  }
  const most = Math.max(...connections)
  const tried = keys.map(key => urlOf(target, 'DELETE', key))
  const trial = { method: 'DELETE', urls: tried, connections: most, seconds: 1 }
  const { requests } = await load(target, trial)
  const gone = keysUnder('gone', Math.ceil(requests * seconds * 1.5) + 1000)
  await fill(target, gone)
  const urls = gone.map(key => urlOf(target, 'DELETE', key))
  const measured = await load(target, { method: 'DELETE', urls, connections: most, seconds })
  if (measured.requests > urls.length) throw new Error('keys were deleted that were gone')
  add(lineOf('DELETE', most, measured))
}

export async function list(options: RunOptions): Promise<void> {
  const { target, seconds, listKeys, add } = options
  const each = Math.floor(listKeys / 100)
  const keys = Array.from(
    { length: each * 100 },
    (_, i) => `${bucket}-list/d${Math.floor(i / each)}/${i % each}`,
  )
  await must(target, 'PUT', `${bucket}-list`)
  for (let at = 0; at < keys.length; at += 100_000) {
    await fill(target, keys.slice(at, at + 100_000))
  }
  const pages: readonly [string, Record<string, string>][] = [
    [`LIST 1,000 of ${keys.length}`, { 'start-after': `d50/${Math.floor(each / 2)}` }],
    [`LIST delimiter, 100 prefixes of ${keys.length}`, { delimiter: '/' }],
    [`LIST prefix and delimiter of ${keys.length}`, { prefix: 'd50/', delimiter: '/' }],
  ]
  for (const [what, query] of pages) {
    const url = urlOf(target, 'GET', `${bucket}-list`, { 'list-type': '2', ...query })
    for (const n of [1, 16]) {
      const run = { method: 'GET', urls: [url], connections: n, seconds }
      add(lineOf(what, n, await load(target, run)))
    }
  }
}

function* pieces(bytes: number): Generator<Buffer> {
  const piece = Buffer.alloc(mebibyte, 'moongate-')
  for (let left = bytes; left > 0; left -= piece.length) yield piece.subarray(0, left)
}

/** Times one thing that moves so many bytes. */
async function timed(
  target: Target,
  what: string,
  bytes: number,
  run: () => Promise<void>,
): Promise<Line> {
  const cpu = cpuSeconds(target)
  const began = performance.now()
  let memory = ownMemory(target)
  const watch = setInterval(() => {
    memory = Math.max(memory, ownMemory(target))
  }, 50)
  await run()
  clearInterval(watch)
  const seconds = (performance.now() - began) / 1000
  const rate = `${Math.round(bytes / mebibyte / seconds)} MiB/s`
  const spent = `${(cpuSeconds(target) - cpu).toFixed(2)} s`
  return { what, connections: 1, rate, cpu: spent, p99: '', memory: mib(memory), errors: 0 }
}

export async function large(options: RunOptions): Promise<void> {
  const { target, seconds, add } = options
  const ten = 10 * mebibyte
  const keys = Array.from({ length: 40 }, (_, i) => `${bucket}/ten/${i}`)
  for (const n of [1, 16]) {
    const urls = keys.map(key => urlOf(target, 'PUT', key))
    const run = { method: 'PUT', urls, connections: n, seconds, bodyBytes: ten }
    add(lineOf('PUT 10 MiB', n, await load(target, run), ten))
  }
  for (const key of keys) {
    const url = { method: 'PUT', path: urlOf(target, 'PUT', key) }
    await once(target, url, { bytes: ten, pieces: () => pieces(ten) })
  }
  for (const n of [1, 16]) {
    const urls = keys.map(key => urlOf(target, 'GET', key))
    add(
      lineOf(
        'GET 10 MiB',
        n,
        await load(target, { method: 'GET', urls, connections: n, seconds }),
        ten,
      ),
    )
  }
  await gigabyte(options)
  add(
    await timed(target, 'multipart, 16 parts of 16 MiB, 4 at once', 256 * mebibyte, () =>
      multipart(target),
    ),
  )
}

async function gigabyte({ target, add }: RunOptions): Promise<void> {
  const bytes = 1024 * mebibyte
  const put = { method: 'PUT', path: urlOf(target, 'PUT', `${bucket}/big`) }
  const source = { bytes, pieces: () => pieces(bytes) }
  add(await timed(target, 'PUT 1 GiB', bytes, async () => void (await once(target, put, source))))
  const get = { method: 'GET', path: urlOf(target, 'GET', `${bucket}/big`) }
  add(await timed(target, 'GET 1 GiB', bytes, async () => void (await once(target, get))))
}

async function multipart(target: Target): Promise<void> {
  const path = `${bucket}/parts`
  const at = (method: string, query: Record<string, string>) => ({
    method,
    path: urlOf(target, method, path, query),
  })
  const created = await once(target, at('POST', { uploads: '' }))
  const uploadId = /<UploadId>([^<]+)</.exec(created.body.toString())?.[1] ?? ''
  const etags = new Map<number, string>()
  const part = 16 * mebibyte
  let next = 1
  const sender = async () => {
    for (let number = next++; number <= 16; number = next++) {
      const url = at('PUT', { partNumber: String(number), uploadId })
      const { etag } = await once(target, url, { bytes: part, pieces: () => pieces(part) })
      etags.set(number, etag)
    }
  }
  await Promise.all([sender(), sender(), sender(), sender()])
  const parts = [...etags]
    .toSorted(([a], [b]) => a - b)
    .map(([number, etag]) => `<Part><PartNumber>${number}</PartNumber><ETag>${etag}</ETag></Part>`)
  const body = Buffer.from(`<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`)
  const source = { bytes: body.length, pieces: () => [body] }
  const { status, body: told } = await once(target, at('POST', { uploadId }), source)
  if (status !== 200) throw new Error(`the upload was not completed: ${status} ${told.toString()}`)
}

export async function prepare({ target }: RunOptions): Promise<void> {
  await must(target, 'PUT', bucket)
}
