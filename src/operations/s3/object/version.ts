/** Version ids in answers. */

/**
 * The version id that the answer to a write tells: S3 does not tell the null version, which is what a write makes where
 * versioning is off or suspended.
 */
export const toldVersion = (versionId: string | undefined): string | undefined =>
  versionId === 'null' ? undefined : versionId
