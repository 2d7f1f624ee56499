// Forms, cut anywhere, well made and badly made; policies as ceph/s3-tests and 5b row 26 want them.

import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type ErrorCode, S3Error } from '../model/errors.ts'
import type { AuthOptions } from './auth/claim.ts'
import { hmacHex, signingKey } from './auth/keys.ts'
import { checkPolicy, readPolicy, withinRange } from './auth/post-policy.ts'
import { readPostClaim, verifyPost } from './auth/post-signature.ts'
import { type Form, formKey, readForm } from './form.ts'

const boundary = '----x7MA'
const contentType = `multipart/form-data; boundary=${boundary}`
type Part = readonly [name: string, value: string | Buffer, filename?: string]

const formOf = (parts: readonly Part[]): Buffer => {
  const pieces: Buffer[] = []
  for (const [name, value, filename] of parts) {
    const file = filename === undefined ? '' : `; filename="${filename}"`
    pieces.push(
      Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="${name}"${file}\r\n\r\n`),
    )
    pieces.push(Buffer.from(value), Buffer.from('\r\n'))
  }
  pieces.push(Buffer.from(`--${boundary}--\r\n`))
  return Buffer.concat(pieces)
}

async function* cut(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Buffer> {
  let at = 0
  for (let i = 0; at < bytes.length; i++) {
    const size = sizes.length === 0 ? bytes.length : Math.max(1, sizes[i % sizes.length] ?? 1)
    yield bytes.subarray(at, at + size)
    at += size
  }
}

const collect = async (bytes: AsyncIterable<Buffer>): Promise<Buffer> => {
  const chunks: Buffer[] = []
  for await (const chunk of bytes) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks)
}
const read = (
  bytes: Buffer,
  sizes: readonly number[] = [],
  type: string | undefined = contentType,
) => readForm(cut(bytes, sizes), type)
const rejects = (code: ErrorCode, promise: Promise<unknown>) =>
  assert.rejects(promise, error => {
    assert.ok(error instanceof S3Error, String(error))
    assert.equal(error.code, code)
    return true
  })

describe('forms', () => {
  it('gives fields and file however the bytes are cut', async () => {
    const nasty = Buffer.from(`\r\n--${boundary.slice(0, 5)}\r\n--\r\r\n\0`)
    const file = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.array(fc.constantFrom(...nasty), { maxLength: 60 }).map(a => Uint8Array.from(a)),
      fc.constant(nasty),
    )
    await fc.assert(
      fc.asyncProperty(
        file,
        fc.string({ unit: 'grapheme' }),
        fc.array(fc.integer({ min: 1, max: 90 }), { maxLength: 5 }),
        async (content, value, sizes) => {
          const body = formOf([
            ['Key', 'k'],
            ['x-amz-meta-v', value],
            ['file', Buffer.from(content), 'a.txt'],
            ['after', 'ignored'],
          ])
          const form = await read(body, sizes)
          assert.deepEqual(
            [...form.fields],
            [
              ['key', 'k'],
              ['x-amz-meta-v', value],
            ],
          )
          assert.equal(form.file.filename, 'a.txt')
          assert.deepEqual(await collect(form.file.bytes), Buffer.from(content))
        },
      ),
      { numRuns: 200 },
    )
  })

  it('throws nothing but S3Error on broken forms', async () => {
    const good = formOf([
      ['key', 'k'],
      ['file', 'abc', 'f'],
    ])
    await fc.assert(
      fc.asyncProperty(
        fc.nat(good.length - 1),
        fc.integer({ min: 0, max: 255 }),
        fc.boolean(),
        async (at, byte, short) => {
          const bytes = Buffer.from(good)
          bytes[at] = byte
          try {
            const form = await read(short ? bytes.subarray(0, at) : bytes)
            await collect(form.file.bytes)
          } catch (error) {
            assert.ok(error instanceof S3Error, String(error))
          }
        },
      ),
      { numRuns: 500 },
    )
  })

  it('refuses what is no form, is too large, has no file or ends early', async () => {
    const good = formOf([
      ['key', 'k'],
      ['file', 'abc', 'f'],
    ])
    await rejects('RequestIsNotMultiPartContent', read(good, [], 'text/plain'))
    await rejects('RequestIsNotMultiPartContent', readForm(cut(good, []), undefined))
    await rejects('MalformedPOSTRequest', read(good, [], 'multipart/form-data'))
    await rejects('IncorrectNumberOfFilesInPostRequest', read(formOf([['key', 'k']])))
    await rejects(
      'MaxPostPreDataLengthExceeded',
      read(
        formOf([
          ['a', 'x'.repeat(20_481)],
          ['file', '', 'f'],
        ]),
      ),
    )
    const many = Array.from({ length: 1100 }, (_, i): Part => [`f${i}`, ''])
    await rejects('MaxPostPreDataLengthExceeded', read(formOf([...many, ['file', '', 'f']])))
    await rejects(
      'InvalidArgument',
      read(
        formOf([
          ['key', 'a'],
          ['KEY', 'b'],
          ['file', '', 'f'],
        ]),
      ),
    )
    await rejects(
      'MalformedPOSTRequest',
      read(
        formOf([
          ['a', Buffer.from([0xff])],
          ['file', '', 'f'],
        ]),
      ),
    )
    const cutOff = await read(good.subarray(0, good.length - 12))
    await rejects('MalformedPOSTRequest', collect(cutOff.file.bytes))
  })

  it('stops its source when nobody reads on', async () => {
    let closed = 0
    async function* source() {
      try {
        yield formOf([
          ['key', 'k'],
          ['file', 'x'.repeat(1000), 'f'],
        ]).subarray(0, 500)
        yield Buffer.alloc(100)
      } finally {
        closed++
      }
    }
    const form = await readForm(source(), contentType)
    for await (const _ of form.file.bytes) break
    assert.equal(closed, 1)
    await rejects('RequestIsNotMultiPartContent', readForm(source(), 'text/plain'))
    async function* bad() {
      try {
        yield Buffer.alloc(30_000)
      } finally {
        closed++
      }
    }
    await rejects('MalformedPOSTRequest', readForm(bad(), contentType))
    assert.equal(closed, 2)
  })

  it('26: puts the file name into the key, without its folders', () => {
    const keyOf = (key: string | undefined, filename: string): string => {
      const fields = new Map(key === undefined ? [] : [['key', key]])
      const form: Form = {
        fields,
        file: { filename, contentType: undefined, bytes: cut(Buffer.alloc(0), []) },
      }
      return formKey(form)
    }
    assert.equal(keyOf('${filename}', 'foo.txt'), 'foo.txt')
    assert.equal(keyOf('u/${filename}', '../x'), 'u/x')
    assert.equal(keyOf('u/${filename}', 'C:\\a\\b.txt'), 'u/b.txt')
    assert.equal(keyOf('${filename}', '$&'), '$&')
    assert.equal(keyOf(String.raw`\$foo.txt`, 'f'), String.raw`\$foo.txt`)
    assert.throws(() => keyOf(undefined, 'f'), { code: 'InvalidArgument' })
  })
})

const secret = 'the-secret'
const options: AuthOptions = { region: 'us-east-1', sigv2: true }
const now = Date.UTC(2026, 0, 1)
const soon = '2026-01-01T01:00:00Z'
const bucket = 'the-bucket'
const standard: readonly unknown[] = [
  { bucket },
  ['starts-with', '$key', 'foo'],
  { acl: 'private' },
  ['starts-with', '$Content-Type', 'text/plain'],
  ['content-length-range', 0, 1024],
]
const encode = (document: unknown): string =>
  Buffer.from(JSON.stringify(document)).toString('base64')
const policyOf = (conditions: readonly unknown[] = standard, expiration: unknown = soon): string =>
  encode({ expiration, conditions })

const signV2 = (policy: string): string =>
  createHmac('sha1', secret).update(policy).digest('base64')
const fieldsOf = (
  policy: string,
  more: Readonly<Record<string, string>> = {},
): Map<string, string> =>
  new Map(
    Object.entries({
      key: 'foo.txt',
      awsaccesskeyid: 'AKID',
      acl: 'private',
      signature: signV2(policy),
      policy,
      'content-type': 'text/plain',
      ...more,
    }),
  )

const submit = (fields: Map<string, string>, to = bucket) => {
  const claim = readPostClaim(fields, options)
  assert.ok(claim)
  verifyPost(claim, claim.accessKeyId === 'AKID' ? secret : undefined)
  return checkPolicy(
    readPolicy(claim.policy),
    { fields, bucket: to, key: fields.get('key') ?? '' },
    now,
  )
}
const refuses = (code: ErrorCode, fields: Map<string, string>, to?: string): S3Error => {
  let thrown: unknown
  try {
    submit(fields, to)
  } catch (error) {
    thrown = error
  }
  assert.ok(thrown instanceof S3Error, `expected ${code}, got ${String(thrown)}`)
  assert.equal(thrown.code, code)
  return thrown
}

describe('POST policies', () => {
  it('lets a form through that does what its policy says', () => {
    assert.deepEqual(submit(fieldsOf(policyOf())), { min: 0, max: 1024 })
    const odd = [
      { bUcKeT: bucket },
      ['StArTs-WiTh', '$KeY', 'foo'],
      { AcL: 'private' },
      ['StArTs-WiTh', '$CoNtEnT-TyPe', 'text/plain'],
    ]
    submit(fieldsOf(policyOf(odd)))
    submit(fieldsOf(policyOf(), { 'x-ignore-foo': 'bar', 'x-amz-checksum-sha256': 'x' }))
    submit(
      fieldsOf(policyOf([...standard, ['starts-with', '$x-amz-meta-foo', 'bar']]), {
        'x-amz-meta-foo': 'barclamp',
      }),
    )
    const escaped = [
      { bucket },
      ['starts-with', '$key', String.raw`\$foo`],
      { acl: 'private' },
      ['starts-with', '$Content-Type', ''],
    ]
    submit(fieldsOf(policyOf(escaped), { key: String.raw`\$foo.txt` }))
    const dollar = Buffer.from(
      String.raw`{"expiration":"${soon}","conditions":[["starts-with","$key","\$foo"],["starts-with","$content-type",""],{"acl":"private"},{"bucket":"${bucket}"}]}`,
    )
    submit(fieldsOf(dollar.toString('base64'), { key: '$foo' }))
  })

  it('26: refuses expired policies, other buckets, and fields that it does not cover', () => {
    refuses('AccessDenied', fieldsOf(policyOf(standard, '2025-12-31T23:00:00Z')))
    refuses('AccessDenied', fieldsOf(policyOf()), 'another')
    refuses('AccessDenied', fieldsOf(policyOf(), { bucket }), 'another')
    refuses('AccessDenied', fieldsOf(policyOf(standard.slice(1))))
    const extra = refuses(
      'AccessDenied',
      fieldsOf(policyOf(), { tagging: '<Tagging/>', 'x-amz-meta-a': 'b' }),
    )
    assert.equal(
      extra.message,
      'Invalid according to Policy: Extra input fields: tagging, x-amz-meta-a',
    )
    refuses(
      'AccessDenied',
      fieldsOf(policyOf([...standard, ['starts-with', '$x-amz-meta-foo', 'bar']])),
    )
    const failed = refuses(
      'AccessDenied',
      fieldsOf(policyOf([...standard, ['eq', '$x-amz-meta-foo', '']]), {
        'x-amz-meta-foo': 'barclamp',
      }),
    )
    assert.equal(
      failed.message,
      'Invalid according to Policy: Policy Condition failed: ["eq","$x-amz-meta-foo",""]',
    )
    refuses('AccessDenied', fieldsOf(policyOf(), { key: '../x' }))
    refuses('AccessDenied', fieldsOf(policyOf(), { 'content-type': 'text/plain,image/png' }))
  })

  it('refuses documents that are no policy', () => {
    const bad = [
      policyOf(standard, '2026-01-01 01:00:00.123+00:00'),
      encode({ conditions: standard }),
      encode({ expiration: soon }),
      encode({ EXPIRATION: soon, conditions: standard }),
      encode({ expiration: soon, CONDITIONS: standard }),
      policyOf([{}]),
      policyOf(['x']),
      policyOf([['content-length-range', 0]]),
      policyOf([['content-length-range', -1, 0]]),
      policyOf([['content-length-range', 2, 1]]),
      policyOf([['eq', 'key', 'a']]),
      policyOf([['ends-with', '$key', 'a']]),
      policyOf([{ key: { a: 1 } }]),
      encode([]),
      'no json',
    ]
    for (const policy of bad) refuses('InvalidPolicyDocument', fieldsOf(policy))
  })

  it('throws nothing but S3Error on random documents', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.json(),
          fc.string(),
          fc
            .anything()
            .map(conditions => JSON.stringify({ expiration: soon, conditions: [conditions] })),
        ),
        text => {
          try {
            readPolicy(Buffer.from(text ?? '').toString('base64'))
          } catch (error) {
            assert.ok(error instanceof S3Error, String(error))
          }
        },
      ),
    )
  })

  it('26: bounds the file', async () => {
    const of = (size: number, min: number, max: number) =>
      collect(withinRange(cut(Buffer.alloc(size), [2]), { min, max }))
    assert.equal((await of(3, 3, 3)).length, 3)
    await rejects('EntityTooLarge', of(3, 0, 0))
    await rejects('EntityTooSmall', of(3, 512, 1000))
    await rejects('EntityTooSmall', of(0, 1, 1000))
  })
})

describe('POST signatures', () => {
  it('verifies SigV4 and refuses anything else', () => {
    const credential = 'AKID/20260101/us-east-1/s3/aws4_request'
    const v4 = {
      'x-amz-algorithm': 'AWS4-HMAC-SHA256',
      'x-amz-credential': credential,
      'x-amz-date': '20260101T000000Z',
    }
    const conditions = [
      { bucket },
      ['starts-with', '$key', ''],
      ...Object.entries(v4).map(([name, value]) => ({ [name]: value })),
    ]
    const policy = policyOf(conditions)
    const key = signingKey({
      accessKeyId: 'AKID',
      secret,
      date: '20260101',
      region: 'us-east-1',
      service: 's3',
    })
    const base = { key: 'k', policy, ...v4 }
    const form = (change: Readonly<Record<string, string>> = {}) =>
      new Map(Object.entries({ ...base, 'x-amz-signature': hmacHex(key, policy), ...change }))
    submit(form())
    refuses('SignatureDoesNotMatch', form({ 'x-amz-signature': 'ab'.repeat(32) }))
    refuses('SignatureDoesNotMatch', form({ policy: policyOf([{ bucket }]) }))
    refuses(
      'AuthorizationQueryParametersError',
      form({ 'x-amz-credential': credential.replace('us-', 'eu-') }),
    )
    refuses('InvalidArgument', form({ 'x-amz-date': 'x' }))
    refuses('InvalidRequest', form({ 'x-amz-algorithm': 'x' }))
    refuses('InvalidAccessKeyId', form({ 'x-amz-credential': credential.replace('AKID', 'other') }))
    refuses('InvalidArgument', new Map(Object.entries(base)))
  })

  it('verifies SigV2 where it is on', () => {
    refuses('SignatureDoesNotMatch', fieldsOf(policyOf(), { signature: 'x' }))
    refuses('InvalidAccessKeyId', fieldsOf(policyOf(), { awsaccesskeyid: 'foo' }))
    const unsigned = fieldsOf(policyOf())
    unsigned.delete('signature')
    refuses('InvalidArgument', unsigned)
    assert.throws(() => readPostClaim(fieldsOf(policyOf()), { region: 'us-east-1' }), {
      code: 'InvalidRequest',
    })
    assert.equal(readPostClaim(new Map([['key', 'k']]), options), undefined)
    assert.throws(() => readPostClaim(new Map([['policy', 'x']]), options), {
      code: 'InvalidArgument',
    })
  })
})
