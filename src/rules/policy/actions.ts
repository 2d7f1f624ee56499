/** S3's actions that concern buckets and objects, with what a statement about them names. */
import { compile, parsePattern } from './wildcards.ts'

/** What an action is asked of; 'none': of no bucket that is there, only `*` names it. */
export type ActionResource = 'bucket' | 'object' | 'none'

const ofObjects = `AbortMultipartUpload BypassGovernanceRetention DeleteObject DeleteObjectAnnotation
  DeleteObjectTagging DeleteObjectVersion DeleteObjectVersionAnnotation DeleteObjectVersionTagging GetObject
  GetObjectAcl GetObjectAnnotation GetObjectAttributes GetObjectLegalHold GetObjectRetention GetObjectTagging
  GetObjectTorrent GetObjectVersion GetObjectVersionAcl GetObjectVersionAnnotation
  GetObjectVersionAnnotationForReplication GetObjectVersionAttributes GetObjectVersionForReplication
  GetObjectVersionTagging GetObjectVersionTorrent InitiateReplication ListMultipartUploadParts
  ListObjectAnnotations ListObjectVersionAnnotations ObjectOwnerOverrideToBucketOwner PutObject PutObjectAcl
  PutObjectAnnotation PutObjectLegalHold PutObjectRetention PutObjectTagging PutObjectVersionAcl
  PutObjectVersionAnnotation PutObjectVersionTagging ReplicateDelete ReplicateObject ReplicateObjectAnnotation
  ReplicateTags RestoreObject UpdateObjectEncryption`

const ofBuckets = `CreateBucket CreateBucketMetadataTableConfiguration DeleteBucket
  DeleteBucketMetadataTableConfiguration DeleteBucketPolicy DeleteBucketWebsite GetAccelerateConfiguration
  GetAnalyticsConfiguration GetBucketAbac GetBucketAcl GetBucketCORS GetBucketLocation GetBucketLogging
  GetBucketMetadataTableConfiguration GetBucketNotification GetBucketObjectLockConfiguration
  GetBucketOwnershipControls GetBucketPolicy GetBucketPolicyStatus GetBucketPublicAccessBlock
  GetBucketRequestPayment GetBucketTagging GetBucketVersioning GetBucketWebsite GetEncryptionConfiguration
  GetIntelligentTieringConfiguration GetInventoryConfiguration GetLifecycleConfiguration GetMetricsConfiguration
  GetReplicationConfiguration ListBucket ListBucketMultipartUploads ListBucketVersions ListTagsForResource
  PauseReplication PutAccelerateConfiguration PutAnalyticsConfiguration PutBucketAbac PutBucketAcl PutBucketCORS
  PutBucketLogging PutBucketNotification PutBucketObjectLockConfiguration PutBucketOwnershipControls
  PutBucketPolicy PutBucketPublicAccessBlock PutBucketRequestPayment PutBucketTagging PutBucketVersioning
  PutBucketWebsite PutEncryptionConfiguration PutIntelligentTieringConfiguration PutInventoryConfiguration
  PutLifecycleConfiguration PutMetricsConfiguration PutReplicationConfiguration TagResource UntagResource
  UpdateBucketMetadataAnnotationTableConfiguration UpdateBucketMetadataInventoryTableConfiguration
  UpdateBucketMetadataJournalTableConfiguration`

const ofNothing = 'GetAccountPublicAccessBlock ListAllMyBuckets PutAccountPublicAccessBlock'

const entries = (names: string, resource: ActionResource): [string, ActionResource][] =>
  names.split(/\s+/).map(name => [`s3:${name}`, resource])

/** Actions by their name, as `s3:GetObject`. */
export const s3Actions: ReadonlyMap<string, ActionResource> = new Map([
  ...entries(ofObjects, 'object'),
  ...entries(ofBuckets, 'bucket'),
  ...entries(ofNothing, 'none'),
])

const byLowerCase: ReadonlyMap<string, string> = new Map(
  [...s3Actions.keys()].map(name => [name.toLowerCase(), name]),
)
const lowered: readonly string[] = [...byLowerCase.keys()]

/** An action as S3 writes it, whose case does not matter; undefined for one that S3 does not have. */
export const s3Action = (name: string): string | undefined => byLowerCase.get(name.toLowerCase())

/** Whether a name, which may have wildcards, is that of an action of S3 at least. Case does not matter. */
export function isS3Action(name: string): boolean {
  const matches = compile(parsePattern(name.toLowerCase()))
  return lowered.some(matches)
}
