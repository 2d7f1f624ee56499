/** Policies of forms and their signatures, as ceph/s3-tests and 5b row 26 want them. */
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type ErrorCode, S3Error } from '../../model/errors.ts'
import type { AuthOptions } from './claim.ts'
import { hmacHex, signingKey } from './keys.ts'
import { checkPolicy, readPolicy } from './post-policy.ts'
import { readPostClaim, verifyPost } from './post-signature.ts'

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
