/**
 * Reads of what nobody can set on a bucket here. They tell the truth, in AWS's words for a bucket without it: tools that
 * look after buckets ask for all of it before they do anything. Who builds what sets one takes its line out of here.
 */
import { type ErrorCode, S3Error } from '../../../model/errors.ts'
import type { Operation, OperationName, OperationOutputs } from '../../operation.ts'

/** AWS answers that there is none with an error. */
const missing = <Name extends OperationName>(
  action: `s3:${string}`,
  code: ErrorCode,
): Operation<Name> => ({
  action,
  run: (_input, context) => Promise.reject(new S3Error(code, { BucketName: context.bucket.name })),
})

/** AWS answers with an empty document, which has to be one of those that may be. */
const empty = <Name extends OperationName>(
  action: `s3:${string}`,
  output: OperationOutputs[Name],
): Operation<Name> => ({ action, run: () => Promise.resolve({ output }) })

export const notConfigured = {
  GetBucketAccelerateConfiguration: empty<'GetBucketAccelerateConfiguration'>(
    's3:GetAccelerateConfiguration',
    {},
  ),
  GetBucketCors: missing<'GetBucketCors'>('s3:GetBucketCORS', 'NoSuchCORSConfiguration'),
  GetBucketEncryption: missing<'GetBucketEncryption'>(
    's3:GetEncryptionConfiguration',
    'ServerSideEncryptionConfigurationNotFoundError',
  ),
  GetBucketLifecycleConfiguration: missing<'GetBucketLifecycleConfiguration'>(
    's3:GetLifecycleConfiguration',
    'NoSuchLifecycleConfiguration',
  ),
  GetBucketLogging: empty<'GetBucketLogging'>('s3:GetBucketLogging', {}),
  GetBucketNotificationConfiguration: empty<'GetBucketNotificationConfiguration'>(
    's3:GetBucketNotification',
    {},
  ),
  GetBucketReplication: missing<'GetBucketReplication'>(
    's3:GetReplicationConfiguration',
    'ReplicationConfigurationNotFoundError',
  ),
  GetBucketWebsite: missing<'GetBucketWebsite'>(
    's3:GetBucketWebsite',
    'NoSuchWebsiteConfiguration',
  ),
  GetObjectLockConfiguration: missing<'GetObjectLockConfiguration'>(
    's3:GetBucketObjectLockConfiguration',
    'ObjectLockConfigurationNotFoundError',
  ),
  ListBucketAnalyticsConfigurations: empty<'ListBucketAnalyticsConfigurations'>(
    's3:GetAnalyticsConfiguration',
    { IsTruncated: false },
  ),
  ListBucketIntelligentTieringConfigurations: empty<'ListBucketIntelligentTieringConfigurations'>(
    's3:GetIntelligentTieringConfiguration',
    { IsTruncated: false },
  ),
  ListBucketInventoryConfigurations: empty<'ListBucketInventoryConfigurations'>(
    's3:GetInventoryConfiguration',
    { IsTruncated: false },
  ),
  ListBucketMetricsConfigurations: empty<'ListBucketMetricsConfigurations'>(
    's3:GetMetricsConfiguration',
    { IsTruncated: false },
  ),
} as const
