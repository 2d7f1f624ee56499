// A web page of another origin, in a real Chromium: presigned and signed requests, up and down.

import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import {
  CreateBucketCommand,
  GetObjectCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { build } from 'esbuild'
import { chromium as browserType } from 'playwright-core'
import type { PageResult, PageTask } from './page.ts'
import { client, gibibyte, type Workplace, writeFile } from './workplace.ts'

const chromium = { name: 'chromium', probe: ['chromium', '--version'] } as const
const bucket = 'from-a-page'

async function taskFor(place: Workplace): Promise<PageTask> {
  const { endpoint, region, accessKeyId, secretAccessKey } = place
  const credentials = { accessKeyId, secretAccessKey }
  const s3 = new S3Client({
    endpoint,
    region,
    forcePathStyle: true,
    credentials,
    // Else the SDK signs the checksum of an empty body into the URL of an upload.
    requestChecksumCalculation: 'WHEN_REQUIRED',
  })
  await s3.send(new CreateBucketCommand({ Bucket: bucket }))
  const put = (Key: string) => getSignedUrl(s3, new PutObjectCommand({ Bucket: bucket, Key }))
  const get = (Key: string) => getSignedUrl(s3, new GetObjectCommand({ Bucket: bucket, Key }))
  const task = {
    endpoint,
    region,
    accessKeyId,
    secretAccessKey,
    bucket,
    putUrl: await put('by-url'),
    getUrl: await get('by-url'),
    hugePutUrl: await put('huge'),
    hugeGetUrl: await get('huge'),
  }
  s3.destroy()
  return task
}

/** Serves one page with the script on an origin of its own; resolves with that origin and how to stop. */
async function servePage(script: string): Promise<{ origin: string; close: () => void }> {
  const page =
    '<!doctype html><meta charset="utf-8"><title>page</title><input type="file"><script src="/page.js"></script>'
  const server = createServer((request, response) => {
    const isScript = request.url === '/page.js'
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html')
    response.end(isScript ? script : page)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const close = () => {
    server.closeAllConnections()
    server.close()
  }
  return { origin: `http://localhost:${port}`, close }
}

async function inPage(task: PageTask, place: Workplace, file: string): Promise<PageResult> {
  const entry = join(import.meta.dirname, 'page.ts')
  const bundle = await build({ entryPoints: [entry], bundle: true, write: false, format: 'iife' })
  const site = await servePage(bundle.outputFiles[0]?.text ?? '')
  const browser = await browserType.launch({
    executablePath: '/usr/bin/chromium',
    env: { ...place.env },
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--disable-dev-shm-usage',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
    ],
  })
  try {
    const page = await browser.newPage()
    const told: string[] = []
    page.on('console', message => told.push(message.text()))
    await page.goto(site.origin)
    await page.setInputFiles('input', file)
    return await page
      .evaluate(given => globalThis.moongate(given), task)
      .catch((error: unknown) => {
        throw new Error(`the page failed, having said: ${told.join('; ')}`, { cause: error })
      })
  } finally {
    await browser.close()
    site.close()
  }
}

client('browser', [chromium], async (t, place) => {
  const file = writeFile(join(place.folder, 'huge'), gibibyte)
  const result = await inPage(await taskFor(place), place, file)
  await t.test('the page is of another origin', () => {
    assert.notEqual(result.origin, place.endpoint)
  })
  await t.test('presigned: upload, download, a range, headers that the page may read', () => {
    assert.equal(result.putStatus, 200)
    assert.match(result.putEtag ?? '', /^"[0-9a-f]{32}"$/)
    assert.match(result.putRequestId ?? '', /^\w+$/)
    assert.equal(result.text, 'from a page')
    assert.equal(result.range, 'bytes 5-5/11')
    assert.equal(result.rangeText, 'a')
  })
  await t.test('an error can be read too', () => {
    assert.equal(result.refusedCode, 'SignatureDoesNotMatch')
  })
  await t.test('signed by the SDK in the page, metadata and parts included', () => {
    assert.equal(result.sdkText, 'by sdk')
    assert.equal(result.sdkNote, 'kept')
    assert.equal(result.missing, 'NotFound')
    assert.match(result.partsEtag ?? '', /^"[0-9a-f]{32}-2"$/)
    assert.equal(result.partsLength, 6 * 2 ** 20 + 3)
  })
  await t.test('1 GiB from a chosen file and back through a stream', () => {
    assert.match(result.hugeEtag ?? '', /^"[0-9a-f]{32}"$/)
    assert.equal(result.hugeBytes, gibibyte)
    assert.equal(result.hugeSame, true)
  })
})
