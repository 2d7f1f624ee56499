// What a web page of another origin does with the gateway; bundled and run in a real browser by browser.test.ts.

import { GetObjectCommand, HeadObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'

export interface PageTask {
  readonly endpoint: string
  readonly region: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly bucket: string
  /** Presigned for the key `by-url`. */
  readonly putUrl: string
  readonly getUrl: string
  /** Presigned for the key `huge`, where the file goes that stands in the page's input. */
  readonly hugePutUrl: string
  readonly hugeGetUrl: string
}

export interface PageResult {
  readonly origin: string
  readonly putStatus: number
  readonly putEtag: string | null
  readonly putRequestId: string | null
  readonly text: string
  readonly range: string | null
  readonly rangeText: string
  readonly sdkNote: string | undefined
  readonly sdkText: string | undefined
  readonly missing: string
  readonly refusedCode: string
  readonly partsEtag: string | undefined
  readonly partsLength: number
  readonly hugeEtag: string | null
  readonly hugeBytes: number
  readonly hugeSame: boolean
}

declare global {
  /** What the page offers to whoever drives the browser. */
  function moongate(task: PageTask): Promise<PageResult>
}

const mebibyte = 2 ** 20

/** One MiB that differs from its neighbours by the number at its start. */
function block(number: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(mebibyte)
  for (let at = 0; at < mebibyte; at++) bytes[at] = (at * 31 + (at >> 8)) & 255
  new DataView(bytes.buffer).setUint32(0, number)
  return bytes
}

async function presigned({ putUrl, getUrl }: PageTask) {
  const put = await fetch(putUrl, { method: 'PUT', body: new Blob(['from a page']) })
  const get = await fetch(getUrl)
  const ranged = await fetch(getUrl, { headers: { range: 'bytes=5-5' } })
  const refused = await fetch(`${getUrl}0`)
  return {
    putStatus: put.status,
    putEtag: put.headers.get('etag'),
    putRequestId: put.headers.get('x-amz-request-id'),
    text: await get.text(),
    range: ranged.headers.get('content-range'),
    rangeText: await ranged.text(),
    refusedCode: /<Code>(\w+)</.exec(await refused.text())?.[1] ?? '',
  }
}

async function signed({ endpoint, region, accessKeyId, secretAccessKey, bucket }: PageTask) {
  const client = new S3Client({
    endpoint,
    region,
    forcePathStyle: true,
    credentials: { accessKeyId, secretAccessKey },
  })
  const at = { Bucket: bucket, Key: 'sdk/ü +%' }
  await client.send(new PutObjectCommand({ ...at, Body: 'by sdk', Metadata: { note: 'kept' } }))
  const got = await client.send(new GetObjectCommand(at))
  const missing = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: 'never' })).then(
    () => '',
    (error: unknown) => (error instanceof Error ? error.name : ''),
  )
  const parts = { Bucket: bucket, Key: 'parts' }
  const Body = new Blob([block(0), block(1), block(2), block(3), block(4), block(5), 'end'])
  const done = await new Upload({
    client,
    params: { ...parts, Body },
    partSize: 5 * mebibyte,
  }).done()
  const head = await client.send(new HeadObjectCommand(parts))
  return {
    sdkNote: got.Metadata?.['note'],
    sdkText: await got.Body?.transformToString(),
    missing,
    partsEtag: done.ETag,
    partsLength: head.ContentLength ?? 0,
  }
}

/** The little of a page's document that is needed; the types of browsers would be everywhere else, too. */
interface PageDocument {
  querySelector(selector: string): { readonly files: readonly File[] } | null
}
declare const document: PageDocument

/** Whether these bytes stand in the file from there on. */
async function standsIn(file: File, at: number, bytes: Uint8Array): Promise<boolean> {
  const expected = new Uint8Array(await file.slice(at, at + bytes.length).arrayBuffer())
  return expected.length === bytes.length && expected.every((byte, index) => byte === bytes[index])
}

/** A file that somebody chose, too large for memory: sent from disk, read as a stream and compared byte for byte. */
async function huge({ hugePutUrl, hugeGetUrl }: PageTask) {
  const file = document.querySelector('input')?.files[0]
  if (file === undefined) throw new Error('no file was chosen')
  const put = await fetch(hugePutUrl, { method: 'PUT', body: file })
  const got = await fetch(hugeGetUrl)
  let hugeBytes = 0
  let hugeSame = true
  for await (const chunk of got.body ?? []) {
    hugeSame &&= await standsIn(file, hugeBytes, chunk)
    hugeBytes += chunk.length
  }
  return { hugeEtag: put.headers.get('etag'), hugeBytes, hugeSame }
}

async function all(task: PageTask): Promise<PageResult> {
  return {
    origin: String(Reflect.get(globalThis, 'origin')),
    ...(await presigned(task)),
    ...(await signed(task)),
    ...(await huge(task)),
  }
}

Object.assign(globalThis, { moongate: all })
