/** Headers that ask for what is not built yet. They are refused by name: to ignore one would be to break a promise. */
import { S3Error } from '../../model/errors.ts'

/** Members of inputs that ask for encryption at rest. */
export interface WrittenEncryption {
  readonly ServerSideEncryption?: string | undefined
  readonly SSECustomerAlgorithm?: string | undefined
  readonly SSECustomerKey?: string | undefined
  readonly SSECustomerKeyMD5?: string | undefined
  readonly SSEKMSKeyId?: string | undefined
  readonly SSEKMSEncryptionContext?: string | undefined
  readonly BucketKeyEnabled?: boolean | undefined
  readonly CopySourceSSECustomerAlgorithm?: string | undefined
  readonly CopySourceSSECustomerKey?: string | undefined
  readonly CopySourceSSECustomerKeyMD5?: string | undefined
}

/** Members of inputs that lock an object. */
export interface WrittenLock {
  readonly ObjectLockMode?: string | undefined
  readonly ObjectLockRetainUntilDate?: Date | undefined
  readonly ObjectLockLegalHoldStatus?: string | undefined
  readonly ObjectLockEventHold?: string | undefined
  readonly ObjectLockEventHoldDurationDays?: number | undefined
  readonly ObjectLockEventHoldDurationYears?: number | undefined
}

/** NotImplemented, saying of which header. */
export function notImplemented(header: string, value?: string): S3Error {
  const fields = value === undefined ? { Header: header } : { Header: header, Value: value }
  return new S3Error('NotImplemented', fields, `The header ${header} is not implemented.`)
}

/** Throws NotImplemented when an input asks for encryption, of the object or of a copy's source. */
export function requireNoEncryption(input: WrittenEncryption): void {
  const prefix = 'x-amz-server-side-encryption'
  if (input.ServerSideEncryption !== undefined) {
    throw notImplemented(prefix, input.ServerSideEncryption)
  }
  if (
    input.SSECustomerAlgorithm !== undefined ||
    input.SSECustomerKey !== undefined ||
    input.SSECustomerKeyMD5 !== undefined
  ) {
    throw notImplemented(`${prefix}-customer-algorithm`)
  }
  if (input.SSEKMSKeyId !== undefined) throw notImplemented(`${prefix}-aws-kms-key-id`)
  if (input.SSEKMSEncryptionContext !== undefined) throw notImplemented(`${prefix}-context`)
  if (input.BucketKeyEnabled === true) throw notImplemented(`${prefix}-bucket-key-enabled`)
  if (
    input.CopySourceSSECustomerAlgorithm !== undefined ||
    input.CopySourceSSECustomerKey !== undefined ||
    input.CopySourceSSECustomerKeyMD5 !== undefined
  ) {
    throw notImplemented(`x-amz-copy-source-server-side-encryption-customer-algorithm`)
  }
}

/** Throws InvalidRequest when a write asks for a lock: no bucket has them enabled, and so does AWS answer. */
export function requireNoLock(input: WrittenLock): void {
  if (
    input.ObjectLockMode !== undefined ||
    input.ObjectLockRetainUntilDate !== undefined ||
    input.ObjectLockLegalHoldStatus !== undefined ||
    input.ObjectLockEventHold !== undefined ||
    input.ObjectLockEventHoldDurationDays !== undefined ||
    input.ObjectLockEventHoldDurationYears !== undefined
  ) {
    throw new S3Error('InvalidRequest', {}, 'Bucket is missing Object Lock Configuration')
  }
}
