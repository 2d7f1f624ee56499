/** Conditional requests: whether what stands there is what the client expects. Pure. */

/** Conditions of a read, and of the source of a copy. ETags without quotes; '*' matches any. Times in milliseconds. */
export interface ReadConditions {
  readonly ifMatch?: readonly string[] | undefined
  readonly ifNoneMatch?: readonly string[] | undefined
  readonly ifModifiedSince?: number | undefined
  readonly ifUnmodifiedSince?: number | undefined
}

/** Conditions of a write on what the key holds now. */
export interface WriteConditions {
  /** ETags without quotes, or '*'. */
  readonly ifMatch?: readonly string[] | undefined
  readonly ifNoneMatch?: readonly string[] | undefined
}
