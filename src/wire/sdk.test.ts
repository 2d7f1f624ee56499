// AWS's own client against our wire, without a socket: what it sends must be read, what we write must be understood.

import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import * as sdk from '@aws-sdk/client-s3'
import { operationNames, operations, shapeOf } from '../model/operations.ts'
import type { Kind, Member } from '../model/schema.ts'
import type { OperationName } from '../model/shapes.gen.ts'
import { decode, decodeBody } from './decode.ts'
import { encode } from './encode.ts'
import { decodePercent, parseQuery } from './query.ts'
import { route } from './route.ts'

type Values = Record<string, unknown>

/** What the client's middleware sends, checks or turns into something else by itself. */
const handledByClient =
  /^(SSECustomer|CopySourceSSECustomer|Checksum[A-Z]|ContentMD5|ContentLength|Expires)/
const date = new Date('2026-11-21T08:00:07Z')
const fixed: Values = {
  Bucket: 'bucket',
  Key: 'a/b c+d',
  CopySource: 'from/key',
  Payload: undefined,
}

const sampleOf = (kind: Kind): unknown => {
  if (typeof kind === 'object') return sampleShape(kind.shape)
  if (kind === 'integer') return 7
  if (kind === 'boolean') return true
  if (kind === 'timestamp') return date
  if (kind === 'map') return { name: 'value, ü' }
  return 'a <b> & "c" ü'
}

const sampleMember = (member: Member): unknown => {
  // Headers and identifiers in the host carry no blanks at their ends and no line ends, but all the rest.
  const plain = member.in === 'header' && member.kind === 'string'
  const value = plain ? 'text-1' : sampleOf(member.kind)
  return member.list === undefined ? value : [value]
}

const sampleShape = (name: string): Values => {
  const values: Values = {}
  for (const member of shapeOf(name).members) {
    if (member.kind === 'stream' || handledByClient.test(member.name)) continue
    const value = member.in === 'label' ? fixed[member.name] : sampleMember(member)
    values[member.name] = member.name === 'CopySource' ? fixed['CopySource'] : value
  }
  return values
}

interface Sent {
  readonly method: string
  readonly path: string
  readonly query: Readonly<Record<string, string | string[] | null>>
  readonly headers: Record<string, string>
  readonly body?: string | Uint8Array
}

interface Answer {
  readonly statusCode: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Readable
}

/** Runs a command of the client; `answer` stands for the network. */
const converse = async (
  name: string,
  input: Values,
  answer: (sent: Sent) => Answer,
): Promise<Values> => {
  const client = new sdk.S3Client({
    endpoint: 'http://127.0.0.1',
    forcePathStyle: true,
    region: 'us-east-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 's' },
    requestHandler: { handle: (sent: Sent) => Promise.resolve({ response: answer(sent) }) },
    maxAttempts: 1,
  } as unknown as sdk.S3ClientConfig)
  const Command = Reflect.get(sdk, `${name}Command`) as new (
    input: Values,
  ) => Parameters<typeof client.send>[0]
  return (await client.send(new Command(input))) as unknown as Values
}

const queryOf = (sent: Sent) =>
  parseQuery(
    Object.entries(sent.query)
      .map(
        ([key, value]) => `${encodeURIComponent(key)}=${encodeURIComponent(String(value ?? ''))}`,
      )
      .join('&'),
  )

/** Metadata has no prototype with us and one with the client. */
const plain = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null || value instanceof Date) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .map(([key, item]) => [key, plain(item)]),
  )
}

const lowerCase = (headers: Readonly<Record<string, string>>) =>
  Object.fromEntries(
    Object.entries(headers).map(([key, value]) => [
      key.toLowerCase(),
      Buffer.from(value).toString('latin1'),
    ]),
  )

const understand = (sent: Sent, directory: boolean): { name: string; input: unknown } => {
  const [, bucket, ...rest] = sent.path.split('/')
  const key = decodePercent(rest.join('/'))
  const level = bucket === '' || bucket === undefined ? 'service' : key === '' ? 'bucket' : 'object'
  const query = queryOf(sent)
  const headers = lowerCase(sent.headers)
  const name = route({ method: sent.method, level, query, headers, directory })
  const input = decode(name, {
    ...(level === 'service' ? {} : { bucket: bucket ?? '' }),
    ...(level === 'object' ? { key } : {}),
    query,
    headers,
  })
  const body = typeof sent.body === 'string' || sent.body instanceof Uint8Array ? sent.body : ''
  return { name, input: { ...input, ...decodeBody(name, body) } }
}

const isSdkOperation = (name: string): name is OperationName =>
  name !== 'PostObject' && name !== 'WriteGetObjectResponse' && name !== 'SelectObjectContent'

const empty = (): Answer => ({ statusCode: 500, headers: {}, body: Readable.from(['']) })

/** Members that the client sent and we therefore must have; what its middleware adds is left aside. */
const within = (found: unknown, expected: Values): Values => {
  const values = plain(found) as Values
  return Object.fromEntries(Object.keys(expected).map(key => [key, values[key]]))
}

for (const name of operationNames.filter(isSdkOperation)) {
  const entry = operations[name]
  test(`${name}: the client's request is read as it was meant`, async () => {
    const input = plain(sampleShape(entry.input)) as Values
    let heard: { name: string; input: unknown } | undefined
    const withBody = shapeOf(entry.input).members.find(({ kind }) => kind === 'stream')
    const sentInput = withBody ? { ...input, [withBody.name]: 'body' } : input
    const answer = (sent: Sent) => {
      heard = understand(sent, name === 'ListDirectoryBuckets')
      return empty()
    }
    await converse(name, sentInput, answer).catch((error: unknown) => {
      if (heard === undefined) throw error
    })
    assert.equal(heard?.name, name)
    assert.deepEqual(within(heard?.input, input), input)
  })

  test(`${name}: the client understands our answer`, async () => {
    if (entry.output === undefined) return
    const output = plain(sampleShape(entry.output)) as Values
    const { status, headers, body } = encode(name, output as never)
    const pairs: Record<string, string> = {}
    for (let i = 0; i < headers.length; i += 2) {
      pairs[(headers[i] ?? '').toLowerCase()] = headers[i + 1] ?? ''
    }
    const input = plain(sampleShape(entry.input)) as Values
    const withBody = shapeOf(entry.input).members.find(({ kind }) => kind === 'stream')
    const sentInput = withBody ? { ...input, [withBody.name]: 'body' } : input
    const answer = () => ({
      statusCode: status,
      headers: pairs,
      body: Readable.from([Buffer.from(body ?? '')]),
    })
    const understood = await converse(name, sentInput, answer)
    const { Metadata, ...expected } = output
    assert.deepEqual(within(understood, expected), expected)
    if (Metadata !== undefined) {
      const words = '=?UTF-8?B?dmFsdWUsIMO8?='
      assert.deepEqual(understood['Metadata'], { name: words })
    }
  })
}
