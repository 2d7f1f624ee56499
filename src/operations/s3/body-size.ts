/** The greatest body of one request. */
import { S3Error } from '../../model/errors.ts'
import type { Body } from '../../ports/keyspace.ts'

/** Throws EntityTooLarge when a body says that it is longer than `most` bytes. */
export function requireBodySize(body: Body, most: number): void {
  if (body.length !== undefined && body.length > most) {
    throw new S3Error('EntityTooLarge', { ProposedSize: body.length, MaxSizeAllowed: most })
  }
}
