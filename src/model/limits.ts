// Every maximum and minimum of S3, by name. Source: Amazon S3 user guide ("Multipart upload limits", "Bucket naming
// rules", "Object metadata", "Object tagging") and the API reference of the operation concerned; ours are marked so.

const KiB = 1024
const MiB = 1024 * KiB
const GiB = 1024 * MiB

export const limits = {
  /** Bytes of a key in UTF-8. */
  key_bytes_max: 1024,
  /** Bytes of all user metadata of an object: names without the prefix, and values. */
  metadata_bytes_max: 2 * KiB,

  part_number_min: 1,
  part_number_max: 10_000,
  /** Of each part but the last. */
  part_bytes_min: 5 * MiB,
  part_bytes_max: 5 * GiB,
  /** One PUT, one POST, one CopyObject. */
  put_bytes_max: 5 * GiB,

  list_keys_max: 1000,
  list_keys_default: 1000,
  list_parts_max: 1000,
  list_uploads_max: 1000,
  list_buckets_max: 10_000,
  list_directory_buckets_max: 1000,
  delete_objects_max: 1000,

  object_tags_max: 10,
  bucket_tags_max: 50,
  /** UTF-16 code units, as AWS counts. */
  tag_key_chars_max: 128,
  tag_value_chars_max: 256,

  bucket_name_chars_min: 3,
  bucket_name_chars_max: 63,
  buckets_per_account_default: 10_000,

  presign_seconds_min: 1,
  presign_seconds_max: 604_800,
  /** How far the clock of a request may be from ours. */
  clock_skew_seconds_max: 900,

  /** Of each signed chunk but the last. */
  chunk_bytes_min: 8 * KiB,
  /** Ours: a chunk's header line with extensions and signature. */
  chunk_header_bytes_max: 1 * KiB,
  /** Ours: all trailers of an aws-chunked body. */
  trailer_bytes_max: 4 * KiB,

  /** DeleteObjects: 1,000 keys of 1,024 bytes, escaped, with version ids and conditions. */
  xml_delete_bytes_max: 2 * MiB,
  /** CompleteMultipartUpload: 10,000 parts, each with ETag and checksums. */
  xml_complete_bytes_max: 8 * MiB,
  /** Ours: any other document (AWS's largest is a lifecycle configuration of 1,000 rules). */
  xml_bytes_max: 1 * MiB,
  /** Ours: elements within elements. No shape of S3's model is deeper than 12. */
  xml_depth_max: 32,
  /** Ours: elements of one document; 1,000 lifecycle rules or keys to delete stay below. */
  xml_elements_max: 30_000,
  /** CompleteMultipartUpload: 10,000 parts with ETag, number and ten checksums. */
  xml_complete_elements_max: 130_001,
  xml_attributes_max: 16,

  policy_bytes_max: 20 * KiB,
  /** Ours: a form of IAM or STS; a policy document of 128 KiB, each character escaped, stays below. */
  query_bytes_max: 512 * KiB,
  cors_rules_max: 100,
  lifecycle_rules_max: 1000,
  acl_grants_max: 100,
  website_rules_max: 50,
  /** Configurations of one kind (analytics, inventory, metrics, intelligent tiering) of a bucket. */
  configurations_max: 1000,

  post_fields_bytes_max: 20 * KiB,

  retention_days_max: 36_500,
  retention_years_max: 100,
  restore_days_min: 1,
} as const
