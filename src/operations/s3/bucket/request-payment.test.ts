import assert from 'node:assert/strict'
import { test } from 'node:test'
import { S3Error } from '../../../model/errors.ts'
import { bucketOf, contextOf } from '../../stand-in.test.ts'
import { getBucketRequestPayment, putBucketRequestPayment } from './request-payment.ts'

test('the payer that was put is told; before, the owner pays', async () => {
  const kept: [string, unknown][] = []
  const setSetting = (_bucket: unknown, name: string, value: unknown) => {
    kept.push([name, value])
    return Promise.resolve()
  }
  const put = (Payer: string) =>
    putBucketRequestPayment.run(
      { Bucket: 'garden', RequestPaymentConfiguration: { Payer } },
      contextOf({ buckets: { setSetting } as never }),
    )
  await put('Requester')
  await assert.rejects(put('Nobody'), (thrown: unknown) => {
    return thrown instanceof S3Error && thrown.code === 'MalformedXML'
  })
  assert.equal(kept.length, 1)
  const told = (settings: Readonly<Record<string, unknown>>) =>
    getBucketRequestPayment.run(
      { Bucket: 'garden' },
      contextOf({ bucket: bucketOf('garden', { settings }) }),
    )
  assert.equal((await told({})).output.Payer, 'BucketOwner')
  assert.equal((await told(Object.fromEntries(kept))).output.Payer, 'Requester')
})
