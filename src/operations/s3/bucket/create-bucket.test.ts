import assert from 'node:assert/strict'
import { test } from 'node:test'
import { S3Error } from '../../../model/errors.ts'
import { contextOf } from '../../stand-in.test.ts'
import { createBucket, requireLocation } from './create-bucket.ts'
import { requireVersioning } from './versioning.ts'

const code = (expected: string) => (thrown: unknown) =>
  thrown instanceof S3Error && thrown.code === expected

const contextThat = (region: string, failure: 'BucketAlreadyOwnedByYou' | 'BucketAlreadyExists') =>
  contextOf({
    region,
    buckets: {
      create: () => Promise.reject(new S3Error(failure)),
      find: () => Promise.resolve({ settings: {} }),
    } as never,
  })

test('an own bucket made again is well in the first region only', async () => {
  const input = { Bucket: 'garden' }
  const again = 'BucketAlreadyOwnedByYou'
  const { output } = await createBucket.run(input, contextThat('us-east-1', again))
  assert.equal(output.Location, '/garden')
  await assert.rejects(createBucket.run(input, contextThat('eu-west-1', again)), code(again))
  const other = 'BucketAlreadyExists'
  const owned = { ...input, ObjectOwnership: 'ObjectWriter' }
  await assert.rejects(createBucket.run(owned, contextThat('us-east-1', again)), code(other))
  await assert.rejects(createBucket.run(input, contextThat('us-east-1', other)), code(other))
})

test('the location is that of the gateway', () => {
  requireLocation(undefined, 'eu-west-1')
  requireLocation('eu-west-1', 'eu-west-1')
  requireLocation('EU', 'eu-west-1')
  requireLocation('us-east-1', 'us-east-1')
  const illegal = code('IllegalLocationConstraintException')
  assert.throws(() => requireLocation('eu-west-1', 'us-east-1'), illegal)
  assert.throws(() => requireLocation('mars', 'us-east-1'), code('InvalidLocationConstraint'))
})

test('what is not built is refused before a bucket is made', async () => {
  const refused = (changes: object, expected: string) =>
    assert.rejects(
      createBucket.run({ Bucket: 'garden', ...changes }, contextOf({})),
      code(expected),
    )
  await refused({ Bucket: 'A_B' }, 'InvalidBucketName')
  await refused({ ObjectLockEnabledForBucket: true }, 'NotImplemented')
  await refused({ ObjectOwnership: 'nonsense' }, 'InvalidArgument')
  await refused({ ACL: 'public-read' }, 'InvalidBucketAclWithObjectOwnership')
})

test('versioning is enabled or suspended, and needs no device', () => {
  assert.equal(requireVersioning({ Status: 'Enabled', MFADelete: 'Disabled' }), 'Enabled')
  const illegal = code('IllegalVersioningConfigurationException')
  assert.throws(() => requireVersioning({}), illegal)
  assert.throws(() => requireVersioning({ Status: 'Off' }), code('MalformedXML'))
  const mfa = { Status: 'Enabled', MFADelete: 'Enabled' }
  assert.throws(() => requireVersioning(mfa), code('AccessDenied'))
})
