/** Attacks on signatures: each way of getting it wrong (rows of 5b by number). */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseQuery } from '../query.ts'
import { readAuth, verify } from './authenticate.ts'
import type { AuthRequest } from './claim.ts'
import {
  accessKeyId,
  check,
  host,
  now,
  options,
  presigned,
  refuses,
  region,
  requestOf,
  secret,
  signed,
  withHeaders,
  withQuery,
} from './requests.fixture.ts'
import { presign, sign } from './sign.ts'

describe('attacks on signatures', () => {
  const streaming = 'STREAMING-UNSIGNED-PAYLOAD-TRAILER'
  const forged = (request: AuthRequest) => {
    const authorization = String(request.headers['authorization']).replace(
      /Signature=.*/,
      `Signature=${'ab'.repeat(32)}`,
    )
    return withHeaders(request, { authorization })
  }

  it('1: a random signature on an unsigned streaming body', () => {
    const error = refuses(
      'SignatureDoesNotMatch',
      403,
      forged(signed({ method: 'PUT', payload: streaming })),
    )
    assert.equal(error.fields['AWSAccessKeyId'], accessKeyId)
    assert.equal(error.fields['SignatureProvided'], 'ab'.repeat(32))
    const canonical = String(error.fields['CanonicalRequest'])
    assert.match(canonical, /^PUT\n\/test\.txt\n\nhost:/)
    assert.equal(
      error.fields['CanonicalRequestBytes'],
      Buffer.from(canonical)
        .toString('hex')
        .replace(/(..)(?!$)/g, '$1 '),
    )
    assert.match(String(error.fields['StringToSignBytes']), /^41 57 53 34 /)
  })

  it('2: the same with credentials in the query', () => {
    const request = withQuery(presigned({ method: 'PUT' }), 'X-Amz-Signature', 'ab'.repeat(32))
    refuses('SignatureDoesNotMatch', 403, request)
    refuses(
      'SignatureDoesNotMatch',
      403,
      withHeaders(request, { 'x-amz-content-sha256': streaming }),
    )
    // A URL that is good, with a body that it does not speak of.
    refuses(
      'SignatureDoesNotMatch',
      403,
      withHeaders(presigned({ method: 'PUT' }), { 'x-amz-content-sha256': streaming }),
    )
    const bare = requestOf(
      'PUT',
      `/k?X-Amz-Credential=${accessKeyId}%2F20130524%2Fus-east-1%2Fs3%2Faws4_request`,
      { host, 'x-amz-content-sha256': streaming },
    )
    refuses('AuthorizationQueryParametersError', 400, bare)
  })

  it('3: the same on UploadPart, with the tar header, and with a bearer token', () => {
    refuses(
      'SignatureDoesNotMatch',
      403,
      forged(signed({ method: 'PUT', target: '/k?partNumber=1&uploadId=u', payload: streaming })),
    )
    refuses(
      'SignatureDoesNotMatch',
      403,
      forged(
        signed({
          method: 'PUT',
          payload: streaming,
          headers: { 'x-amz-meta-snowball-auto-extract': 'true' },
        }),
      ),
    )
    refuses(
      'AccessDenied',
      403,
      requestOf('PUT', '/k', {
        host,
        authorization: 'Bearer a.b.c',
        'x-amz-content-sha256': streaming,
      }),
    )
    const anonymous = requestOf('PUT', '/k', {
      host,
      'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
    })
    assert.throws(() => readAuth(anonymous, options), { code: 'AccessDenied' })
  })

  it('11: a clock 16 minutes off, and a replay on the next day', () => {
    const minutes = 60_000
    check(signed(), { now: now + 15 * minutes })
    check(signed(), { now: now - 15 * minutes })
    const error = refuses('RequestTimeTooSkewed', 403, signed(), { now: now + 16 * minutes })
    assert.deepEqual(error.fields, {
      RequestTime: '20130524T000000Z',
      ServerTime: '2013-05-24T00:16:00Z',
      MaxAllowedSkewMilliseconds: 900_000,
    })
    refuses('RequestTimeTooSkewed', 403, signed(), { now: now - 16 * minutes })
    refuses('RequestTimeTooSkewed', 403, signed(), { now: now + 1440 * minutes })
    const { 'x-amz-date': _, ...headers } = signed().headers
    refuses('AccessDenied', 403, { ...signed(), headers })
    refuses('AccessDenied', 403, withHeaders(signed(), { 'x-amz-date': 'Bad Date' }))
  })

  it('12: presigned URLs that have expired, are of the future, or say nonsense', () => {
    check(presigned({ expires: 60 }), { now: now + 60_000 })
    check(presigned({ expires: 604_800 }), { now: now + 604_800_000 })
    const error = refuses('AccessDenied', 403, presigned(), { now: now + 61_000 })
    assert.equal(error.message, 'Request has expired')
    assert.equal(error.fields['Expires'], '2013-05-24T00:01:00Z')
    for (const expires of [0, -1, -1000]) refuses('AccessDenied', 403, presigned({ expires }))
    refuses('AccessDenied', 403, presigned({ expires: 604_801 }))
    refuses(
      'AuthorizationQueryParametersError',
      400,
      withQuery(presigned(), 'X-Amz-Expires', 'abc'),
    )
    refuses('AuthorizationQueryParametersError', 400, withQuery(presigned(), 'X-Amz-Date', 'abc'))
    refuses('AccessDenied', 403, presigned({ now: now + 960_000 }))
  })

  it('13: headers that were not signed', () => {
    for (const name of [
      'x-amz-acl',
      'x-amz-tagging',
      'x-amz-copy-source',
      'x-amz-object-lock-mode',
      'x-amz-date',
    ]) {
      const error = refuses(
        'AccessDenied',
        403,
        withHeaders(presigned({ method: 'PUT' }), { [name]: 'x' }),
      )
      assert.equal(error.fields['HeadersNotSigned'], name)
      if (name !== 'x-amz-date')
        refuses('AccessDenied', 403, withHeaders(signed(), { [name]: 'x' }))
    }
    check(withHeaders(presigned({ method: 'PUT' }), { 'content-type': 'text/plain' }))
    check(withHeaders(presigned({ method: 'PUT' }), { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' }))
    const request = signed()
    const authorization = String(request.headers['authorization']).replace('host;', '')
    const error = refuses('AccessDenied', 403, withHeaders(request, { authorization }))
    assert.equal(error.fields['HeadersNotSigned'], 'host')
    refuses('AccessDenied', 403, withQuery(presigned(), 'X-Amz-SignedHeaders', 'date'))
  })

  it('14: another region, service, date or terminal', () => {
    const wrong = (from: string, to: string) => {
      const request = signed()
      return withHeaders(request, {
        authorization: String(request.headers['authorization']).replace(from, to),
      })
    }
    const error = refuses('AuthorizationHeaderMalformed', 400, wrong('us-east-1', 'eu-west-1'))
    assert.equal(error.fields['Region'], region)
    assert.equal(
      error.message,
      "The authorization header is malformed; the region 'eu-west-1' is wrong; expecting 'us-east-1'",
    )
    for (const [from, to] of [
      ['/s3/', '/ec2/'],
      ['aws4_request', 'aws3_request'],
      ['20130524', '20130523'],
      ['20130524', 'x'],
      ['/20130524', ''],
      [accessKeyId, ''],
      ['Signature=', 'Sig='],
      ['SignedHeaders=', 'Signature='],
      ['Credential=', ''],
    ]) {
      refuses('AuthorizationHeaderMalformed', 400, wrong(from ?? '', to ?? ''))
    }
    const query = withQuery(
      presigned(),
      'X-Amz-Credential',
      `${accessKeyId}%2F20130524%2Feu-west-1%2Fs3%2Faws4_request`,
    )
    refuses('AuthorizationQueryParametersError', 400, query)
    check(signed({ region: 'eu-west-1' }), { options: { region, anyRegion: true } })
  })

  it('15: two ways of signing at once', () => {
    const both = requestOf(
      'GET',
      presign({ accessKeyId, secret, region, now, method: 'GET', path: '/k', host, expires: 60 }),
      sign({ accessKeyId, secret, region, now, method: 'GET', target: '/k', host }),
    )
    refuses('InvalidArgument', 400, both)
    const request = signed()
    const twice = [...request.rawHeaders, 'Authorization', String(request.headers['authorization'])]
    refuses('InvalidArgument', 400, { ...request, rawHeaders: twice })
    refuses('InvalidRequest', 400, {
      ...request,
      rawHeaders: [...request.rawHeaders, 'HOST', 'other'],
    })
    const raw = presigned().query.raw
    refuses('AuthorizationQueryParametersError', 400, {
      ...presigned(),
      query: parseQuery(`${raw}&X-Amz-Expires=5`),
    })
  })

  it('16: SigV2 where it is off, and algorithms that nobody knows', () => {
    refuses(
      'InvalidRequest',
      400,
      requestOf('GET', '/b', { host, authorization: 'AWS a:b', date: new Date(now).toUTCString() }),
    )
    refuses(
      'InvalidRequest',
      400,
      requestOf('GET', '/b?AWSAccessKeyId=a&Expires=1&Signature=b', { host }),
    )
    refuses(
      'InvalidRequest',
      400,
      requestOf('GET', '/b', { host, authorization: 'AWS4-HMAC-SHA512 Credential=a' }),
    )
    refuses('InvalidArgument', 400, requestOf('GET', '/b', { host, authorization: 'Basic abc' }))
    refuses(
      'AuthorizationQueryParametersError',
      400,
      withQuery(presigned(), 'X-Amz-Algorithm', 'AWS4-HMAC-SHA1'),
    )
    assert.equal(
      readAuth(requestOf('GET', '/b', { host, authorization: '' }), options).kind,
      'anonymous',
    )
  })

  it('17: a key that nobody has, and a wrong secret', () => {
    const error = refuses('InvalidAccessKeyId', 403, signed(), { secret: undefined })
    assert.equal(error.fields['AWSAccessKeyId'], accessKeyId)
    refuses('SignatureDoesNotMatch', 403, signed(), { secret: 'other' })
    // What stands for the secret of unknown keys opens nothing.
    const guess = signed({ accessKeyId: 'nobody', secret: 'nobody-has-this-secret' })
    refuses('InvalidAccessKeyId', 403, guess, { secret: undefined })
    refuses('InvalidAccessKeyId', 403, presigned(), { secret: undefined })
  })

  it('needs x-amz-content-sha256, of a known form', () => {
    const { 'x-amz-content-sha256': _, ...headers } = signed().headers
    refuses('InvalidRequest', 400, { ...signed(), headers })
    for (const payload of ['', 'abc', 'unsigned-payload', 'g'.repeat(64)]) {
      refuses('InvalidArgument', 400, signed({ payload }))
    }
  })

  it('gives a chain only to signed chunks', () => {
    const chain = (payload: string, ecdsa = false) => {
      const request = signed({ method: 'PUT', payload, ecdsa })
      const claim = readAuth(request, options)
      assert.ok(claim.kind !== 'anonymous')
      return verify(claim, request, secret, { now, options })?.kind
    }
    assert.equal(chain('STREAMING-AWS4-HMAC-SHA256-PAYLOAD'), 'hmac')
    assert.equal(chain('STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER', true), 'ecdsa')
    assert.equal(chain('STREAMING-UNSIGNED-PAYLOAD-TRAILER'), undefined)
    assert.equal(chain('UNSIGNED-PAYLOAD'), undefined)
    assert.throws(() => chain('STREAMING-AWS4-HMAC-SHA256-PAYLOAD', true), {
      code: 'InvalidRequest',
    })
  })
})
