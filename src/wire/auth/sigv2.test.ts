import { describe, it } from 'node:test'
import { parseQuery } from '../query.ts'
import type { AuthOptions, AuthRequest } from './claim.ts'
import {
  accessKeyId,
  check,
  host,
  now,
  refuses,
  region,
  requestOf,
  secret,
} from './requests.fixture.ts'
import { signV2Request } from './sigv2.ts'

describe('SigV2', () => {
  const v2: AuthOptions = { region, sigv2: true }
  // The examples of the developer guide.
  const headers = {
    host: 'awsexamplebucket1.us-west-1.s3.amazonaws.com',
    date: 'Tue, 27 Mar 2007 19:36:42 +0000',
  }
  const then = Date.UTC(2007, 2, 27, 19, 36, 42)
  const request = (signature: string): AuthRequest => ({
    ...requestOf('GET', '/photos/puppy.jpg', {
      ...headers,
      authorization: `AWS ${accessKeyId}:${signature}`,
    }),
    virtualBucket: 'awsexamplebucket1',
  })

  it("verifies AWS's example", () => {
    check(request('qgk2+6Sv9/oM7G3qLEjTH1a1l1g='), { now: then, options: v2, secret })
    refuses('SignatureDoesNotMatch', 403, request('rgk2+6Sv9/oM7G3qLEjTH1a1l1g='), {
      now: then,
      options: v2,
      secret,
    })
    refuses('InvalidAccessKeyId', 403, request('qgk2+6Sv9/oM7G3qLEjTH1a1l1g='), {
      now: then,
      options: v2,
      secret: undefined,
    })
  })

  it('verifies query signatures until they expire', () => {
    const expires = String(now / 1000 + 60)
    const base = `/b/k?acl&AWSAccessKeyId=${accessKeyId}&Expires=${expires}`
    const signature = signV2Request(requestOf('GET', base, { host }), expires, secret)
    const full = requestOf('GET', `${base}&Signature=${encodeURIComponent(signature)}`, { host })
    check(full, { options: v2, secret })
    refuses('AccessDenied', 403, full, { options: v2, secret, now: now + 61_000 })
    refuses('SignatureDoesNotMatch', 403, { ...full, paths: ['/b/other'] }, { options: v2, secret })
    refuses(
      'SignatureDoesNotMatch',
      403,
      { ...full, query: parseQuery(full.query.raw.replace('acl&', '')) },
      { options: v2, secret },
    )
  })

  it('tells bad dates and headers as AWS does', () => {
    const dated = (date: string, time = now) => {
      const given = requestOf('PUT', '/b', {
        host,
        'x-amz-date': date,
        authorization: `AWS ${accessKeyId}:x`,
      })
      return [given, { options: v2, secret, now: time }] as const
    }
    for (const bad of ['Bad Date', '', 'Tue, 07 Jul 1950 21:53:04 GMT'])
      refuses('AccessDenied', 403, ...dated(bad))
    for (const off of ['Tue, 07 Jul 2010 21:53:04 GMT', 'Tue, 07 Jul 9999 21:53:04 GMT']) {
      refuses('RequestTimeTooSkewed', 403, ...dated(off))
    }
    refuses('AccessDenied', 403, requestOf('PUT', '/b', { host, authorization: 'AWS a:b' }), {
      options: v2,
      secret,
    })
    refuses('InvalidArgument', 400, requestOf('PUT', '/b', { host, authorization: 'AWS HAHAHA' }), {
      options: v2,
      secret,
    })
  })
})
