/** A shape of S3 while it is being filled. */

export type Unfrozen<T> = { -readonly [K in keyof T]: T[K] }
