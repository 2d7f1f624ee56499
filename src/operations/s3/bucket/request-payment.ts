/** Who pays for requests to a bucket: get, put. It is kept and told; nobody is charged here. */
import { S3Error } from '../../../model/errors.ts'
import type { Operation } from '../../operation.ts'

const setting = 'requestPayment'

export const getBucketRequestPayment: Operation<'GetBucketRequestPayment'> = {
  action: 's3:GetBucketRequestPayment',
  run(_input, context) {
    const payer = context.bucket.settings[setting]
    return Promise.resolve({ output: { Payer: typeof payer === 'string' ? payer : 'BucketOwner' } })
  },
}

export const putBucketRequestPayment: Operation<'PutBucketRequestPayment'> = {
  action: 's3:PutBucketRequestPayment',
  async run(input, context) {
    const { Payer } = input.RequestPaymentConfiguration
    if (Payer !== 'BucketOwner' && Payer !== 'Requester') throw new S3Error('MalformedXML')
    await context.buckets.setSetting(context.bucket, setting, Payer)
    return { output: {} }
  },
}
