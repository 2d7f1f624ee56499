/** The versioning of a bucket: get, put. */
import { S3Error } from '../../../model/errors.ts'
import type { VersioningConfiguration } from '../../../model/shapes.gen.ts'
import type { Operation } from '../../operation.ts'

/** The state that a configuration asks for. Throws for one that S3 does not take, or that would need an MFA device. */
export function requireVersioning(configuration: VersioningConfiguration): 'Enabled' | 'Suspended' {
  const { Status, MFADelete } = configuration
  if (MFADelete !== undefined && MFADelete !== 'Enabled' && MFADelete !== 'Disabled') {
    throw new S3Error('MalformedXML')
  }
  if (MFADelete === 'Enabled') {
    throw new S3Error('AccessDenied', {}, 'Mfa Authentication must be used for this request')
  }
  if (Status === undefined) throw new S3Error('IllegalVersioningConfigurationException')
  if (Status !== 'Enabled' && Status !== 'Suspended') throw new S3Error('MalformedXML')
  return Status
}

export const getBucketVersioning: Operation<'GetBucketVersioning'> = {
  action: 's3:GetBucketVersioning',
  run(_input, context) {
    const { versioning } = context.bucket
    return Promise.resolve({ output: versioning === 'off' ? {} : { Status: versioning } })
  },
}

export const putBucketVersioning: Operation<'PutBucketVersioning'> = {
  action: 's3:PutBucketVersioning',
  async run(input, context) {
    const wanted = requireVersioning(input.VersioningConfiguration)
    await context.buckets.setVersioning(context.bucket, wanted)
    return { output: {} }
  },
}
