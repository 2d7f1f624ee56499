/** Fetches documents of other servers, but none of this machine or its link, whatever a name resolves to. */
import { type LookupAddress, lookup } from 'node:dns'
import { type ClientRequest, type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { BlockList, isIP, type LookupFunction } from 'node:net'
import { type Fetcher, FetchFailed, type FetchRequest } from '../ports/fetcher.ts'

const own = new BlockList()
own.addSubnet('0.0.0.0', 8)
own.addSubnet('127.0.0.0', 8)
own.addSubnet('169.254.0.0', 16)
own.addAddress('::', 'ipv6')
own.addAddress('::1', 'ipv6')
own.addSubnet('fe80::', 10, 'ipv6')

/** Whether an address is one of this machine, or of its link, where clouds serve credentials. */
const isOwn = (address: string): boolean =>
  own.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')

const refused = (host: string): FetchFailed =>
  new FetchFailed(`${host} is an address of this machine or of its link`)

/** Looks a name up, and refuses what must not be reached: what is checked is what is then connected to. */
const guardedLookup: LookupFunction = (host, options, callback) => {
  lookup(host, { ...options, all: true }, (error, found: LookupAddress[]) => {
    if (error !== null) return callback(error, '')
    const bad = found.find(({ address }) => isOwn(address))
    if (bad !== undefined) return callback(refused(host), '')
    if (options.all === true) return callback(null, found)
    const [first] = found
    return callback(null, first?.address ?? '', first?.family)
  })
}

function connect(url: URL, { anyAddress }: FetchRequest): ClientRequest {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  if (!anyAddress && isIP(host) !== 0 && isOwn(host)) throw refused(host)
  const options = {
    headers: { accept: 'application/json', 'user-agent': 'moongate' },
    agent: false as const,
    ...(anyAddress ? {} : { lookup: guardedLookup }),
  }
  return url.protocol === 'https:' ? requestHttps(url, options) : requestHttp(url, options)
}

async function readAll(response: IncomingMessage, bytesMax: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > bytesMax) throw new FetchFailed(`the answer has more than ${bytesMax} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

async function fetchDocument(request: FetchRequest): Promise<Buffer> {
  const url = new URL(request.url)
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw new FetchFailed('no HTTP')
  const client = connect(url, request)
  const timer = setTimeout(() => {
    client.destroy(new FetchFailed(`${url.host} did not answer in time`))
  }, request.timeoutMs)
  try {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
    client.once('response', resolve)
    // It may fail again after its answer began, which the reader of the answer is told of.
    client.on('error', reject)
    client.end()
    const response = await promise
    if (response.statusCode !== 200)
      throw new FetchFailed(`${url.host} answered ${response.statusCode}`)
    return await readAll(response, request.bytesMax)
  } finally {
    clearTimeout(timer)
    client.destroy()
  }
}

export const createFetcher = (): Fetcher => ({
  async fetch(request) {
    try {
      return await fetchDocument(request)
    } catch (error) {
      if (error instanceof FetchFailed) throw error
      throw new FetchFailed('the server could not be reached', { cause: error })
    }
  },
})
