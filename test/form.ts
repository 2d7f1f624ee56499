// Uploads by an HTML form, as a browser sends them.

import { createHmac } from 'node:crypto'
import { signingKey } from '../src/wire/auth/keys.ts'
import type { Answer, Client } from './client.ts'

export interface FormUpload {
  readonly bucket: string
  readonly conditions: readonly unknown[]
  readonly fields: Readonly<Record<string, string>>
  readonly file: Uint8Array | string
  readonly filename?: string
  /** Milliseconds since the epoch. */
  readonly expiration?: number
  readonly fileFirst?: boolean
  readonly secret?: string
}

const boundary = 'a-boundary-of-the-tests'

/** Signs the policy and sends the form. */
export function postForm(client: Client, upload: FormUpload): Promise<Answer> {
  const { bucket, conditions, fields, file, filename = 'file.txt', fileFirst = false } = upload
  const stamp = `${new Date().toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`
  const date = stamp.slice(0, 8)
  const { accessKeyId, region } = client
  const signed = {
    'x-amz-algorithm': 'AWS4-HMAC-SHA256',
    'x-amz-credential': `${accessKeyId}/${date}/${region}/s3/aws4_request`,
    'x-amz-date': stamp,
  }
  const policy = {
    expiration: new Date(upload.expiration ?? Date.now() + 60_000).toISOString(),
    conditions: [
      ...conditions,
      ...Object.entries(signed).map(([name, value]) => ({ [name]: value })),
    ],
  }
  const text = Buffer.from(JSON.stringify(policy)).toString('base64')
  const secret = upload.secret ?? client.secret
  const key = signingKey({ accessKeyId, secret, date, region, service: 's3' })
  const signature = createHmac('sha256', key).update(text).digest('hex')
  const all = { ...fields, ...signed, policy: text, 'x-amz-signature': signature }
  const parts = Object.entries(all).map(([name, value]) =>
    Buffer.from(
      `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
    ),
  )
  const content = Buffer.concat([
    Buffer.from(
      `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="${filename}"\r\nContent-Type: text/plain\r\n\r\n`,
    ),
    Buffer.from(file),
    Buffer.from('\r\n'),
  ])
  const ordered = fileFirst ? [content, ...parts] : [...parts, content]
  return client.plain({
    method: 'POST',
    target: `/${bucket}`,
    headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
    body: Buffer.concat([...ordered, Buffer.from(`--${boundary}--\r\n`)]),
  })
}
