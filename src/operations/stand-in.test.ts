/** A context for the tests of operations: a Keyspace that answers what a test gave it, and refuses the rest. */

import { test } from 'node:test'
import { rootIdentity } from '../access/principal.ts'
import type { BucketInfo, Keyspace, ObjectInfo } from '../ports/keyspace.ts'
import type { Context } from './operation.ts'

export const owner = '1'.repeat(64)

export const bucketOf = (name: string, changes: Partial<BucketInfo> = {}): BucketInfo => ({
  id: `id-of-${name}`,
  volume: 's3v',
  name,
  owner,
  region: 'us-east-1',
  created: 0,
  versioning: 'off',
  settings: {},
  revision: 1,
  ...changes,
})

/** Everything but what a test gives throws when it is called, so that a needless call fails the test. */
function standIn<T extends object>(given: Partial<T>, what: string): T {
  return new Proxy(given, {
    get(target, name) {
      if (name in target) return Reflect.get(target, name) as unknown
      throw new Error(`${what}.${String(name)} is not expected`)
    },
  }) as T
}

export const keyspaceOf = (given: Partial<Keyspace>): Keyspace => standIn(given, 'keyspace')

export const contextOf = (given: Partial<Context>): Context =>
  standIn<Context>(
    {
      principal: {
        kind: 'account',
        canonicalId: owner,
        accountNumber: '123456789012',
        displayName: 'moon',
        volume: 's3v',
        accessKeyId: 'AK',
        isRoot: false,
        identity: rootIdentity('123456789012'),
      },
      volume: 's3v',
      bucket: bucketOf('garden'),
      via: [],
      region: 'us-east-1',
      newBuckets: { ownership: 'BucketOwnerEnforced', blocked: false },
      objectUrl: key => `http://localhost:9000/${key}`,
      authorize: () => {},
      account: () => Promise.resolve(undefined),
      ...given,
    },
    'context',
  )

export const infoOf = (changes: Partial<ObjectInfo> = {}): ObjectInfo => ({
  key: 'key',
  size: 10,
  etag: 'e'.repeat(32),
  modified: Date.UTC(2026, 0, 2, 3, 4, 5),
  owner,
  storageClass: null,
  checksumAlgorithm: 'CRC32',
  checksumType: 'FULL_OBJECT',
  headers: {},
  metadata: {},
  tags: [],
  versionId: undefined,
  checksum: { algorithm: 'CRC32', type: 'FULL_OBJECT', value: 'AAAAAA==' },
  partCount: undefined,
  ...changes,
})

test('a call that a test did not give fails it', async () => {
  const { throws } = await import('node:assert/strict')
  throws(() => keyspaceOf({}).list({ prefix: '', delimiter: '', after: '', limit: 1 }))
})
