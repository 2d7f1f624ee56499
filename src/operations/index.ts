/** Every operation that is built, by its name in the model. What is not here answers NotImplemented. */
import type { Registry } from './operation.ts'
import { getBucketAcl, putBucketAcl } from './s3/bucket/acl.ts'
import { createBucket } from './s3/bucket/create-bucket.ts'
import { deleteBucket } from './s3/bucket/delete-bucket.ts'
import { getBucketLocation } from './s3/bucket/get-bucket-location.ts'
import { headBucket } from './s3/bucket/head-bucket.ts'
import { listBuckets } from './s3/bucket/list-buckets.ts'
import { listObjectVersions } from './s3/bucket/list-object-versions.ts'
import { listObjects } from './s3/bucket/list-objects.ts'
import { listObjectsV2 } from './s3/bucket/list-objects-v2.ts'
import { notConfigured } from './s3/bucket/not-configured.ts'
import {
  deleteBucketOwnershipControls,
  getBucketOwnershipControls,
  putBucketOwnershipControls,
} from './s3/bucket/ownership-controls.ts'
import {
  deleteBucketPolicy,
  getBucketPolicy,
  getBucketPolicyStatus,
  putBucketPolicy,
} from './s3/bucket/policy.ts'
import {
  deletePublicAccessBlock,
  getPublicAccessBlock,
  putPublicAccessBlock,
} from './s3/bucket/public-access-block.ts'
import { getBucketRequestPayment, putBucketRequestPayment } from './s3/bucket/request-payment.ts'
import { deleteBucketTagging, getBucketTagging, putBucketTagging } from './s3/bucket/tagging.ts'
import { getBucketVersioning, putBucketVersioning } from './s3/bucket/versioning.ts'
import { getObjectAcl, putObjectAcl } from './s3/object/acl.ts'
import { copyObject } from './s3/object/copy-object.ts'
import { deleteObject } from './s3/object/delete-object.ts'
import { deleteObjects } from './s3/object/delete-objects.ts'
import { getObject } from './s3/object/get-object.ts'
import { getObjectAttributes } from './s3/object/get-object-attributes.ts'
import { getObjectTorrent } from './s3/object/get-object-torrent.ts'
import { headObject } from './s3/object/head-object.ts'
import { postObject } from './s3/object/post-object.ts'
import { putObject } from './s3/object/put-object.ts'
import { renameObject } from './s3/object/rename-object.ts'
import { deleteObjectTagging, getObjectTagging, putObjectTagging } from './s3/object/tagging.ts'
import { abortMultipartUpload } from './s3/upload/abort-multipart-upload.ts'
import { completeMultipartUpload } from './s3/upload/complete-multipart-upload.ts'
import { createMultipartUpload } from './s3/upload/create-multipart-upload.ts'
import { listMultipartUploads } from './s3/upload/list-multipart-uploads.ts'
import { listParts } from './s3/upload/list-parts.ts'
import { uploadPart } from './s3/upload/upload-part.ts'
import { uploadPartCopy } from './s3/upload/upload-part-copy.ts'

export const operations = {
  AbortMultipartUpload: abortMultipartUpload,
  CompleteMultipartUpload: completeMultipartUpload,
  CopyObject: copyObject,
  CreateBucket: createBucket,
  CreateMultipartUpload: createMultipartUpload,
  DeleteBucket: deleteBucket,
  DeleteBucketOwnershipControls: deleteBucketOwnershipControls,
  DeleteBucketPolicy: deleteBucketPolicy,
  DeleteBucketTagging: deleteBucketTagging,
  DeleteObject: deleteObject,
  DeleteObjectTagging: deleteObjectTagging,
  DeleteObjects: deleteObjects,
  DeletePublicAccessBlock: deletePublicAccessBlock,
  GetBucketAcl: getBucketAcl,
  GetBucketLocation: getBucketLocation,
  GetBucketOwnershipControls: getBucketOwnershipControls,
  GetBucketPolicy: getBucketPolicy,
  GetBucketPolicyStatus: getBucketPolicyStatus,
  GetBucketRequestPayment: getBucketRequestPayment,
  GetBucketTagging: getBucketTagging,
  GetBucketVersioning: getBucketVersioning,
  GetObject: getObject,
  GetObjectAcl: getObjectAcl,
  GetObjectAttributes: getObjectAttributes,
  GetObjectTagging: getObjectTagging,
  GetObjectTorrent: getObjectTorrent,
  GetPublicAccessBlock: getPublicAccessBlock,
  HeadBucket: headBucket,
  HeadObject: headObject,
  ListBuckets: listBuckets,
  ListMultipartUploads: listMultipartUploads,
  ListObjectVersions: listObjectVersions,
  ListObjects: listObjects,
  ListObjectsV2: listObjectsV2,
  ListParts: listParts,
  PostObject: postObject,
  PutBucketAcl: putBucketAcl,
  PutBucketOwnershipControls: putBucketOwnershipControls,
  PutBucketPolicy: putBucketPolicy,
  PutBucketRequestPayment: putBucketRequestPayment,
  PutBucketTagging: putBucketTagging,
  PutBucketVersioning: putBucketVersioning,
  PutObject: putObject,
  PutObjectAcl: putObjectAcl,
  PutObjectTagging: putObjectTagging,
  PutPublicAccessBlock: putPublicAccessBlock,
  RenameObject: renameObject,
  UploadPart: uploadPart,
  UploadPartCopy: uploadPartCopy,
  ...notConfigured,
} satisfies Registry
