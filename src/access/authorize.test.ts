// The table of who may do what, each action both ways.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { authorize, type Decision } from './authorize.ts'
import { anonymousIn, type Principal } from './principal.ts'

const account = (canonicalId: string, volume = 's3v'): Principal => ({
  kind: 'account',
  canonicalId,
  accountNumber: '123456789012',
  displayName: canonicalId,
  volume,
  accessKeyId: 'MG',
  isRoot: false,
})
const bucket = { volume: 's3v', bucketOwner: 'ann', bucket: 'b', key: 'k' }
const none = { volume: 's3v' }

const table: [Decision['principal'], string, Decision['resource'], boolean][] = [
  [account('ann'), 's3:GetObject', bucket, true],
  [account('ann'), 's3:DeleteBucket', bucket, true],
  [account('bob'), 's3:GetObject', bucket, false],
  [account('bob'), 's3:ListBucket', bucket, false],
  [account('bob'), 's3:CreateBucket', none, true],
  [account('bob'), 's3:ListAllMyBuckets', none, true],
  [account('bob'), 's3:GetObject', none, false],
  [account('ann', 'other'), 's3:GetObject', bucket, true],
  [account('ann', 'other'), 's3:CreateBucket', none, false],
  [account('bob'), 's3:CreateBucket', bucket, false],
  [{ ...account('bob'), isRoot: true }, 's3:GetObject', bucket, false],
  [anonymousIn('s3v'), 's3:GetObject', bucket, false],
  [anonymousIn('s3v'), 's3:CreateBucket', none, false],
  [anonymousIn('s3v'), 's3:ListAllMyBuckets', none, false],
  [anonymousIn('s3v'), 's3:GetObject', { ...bucket, bucketOwner: '' }, false],
]

for (const [principal, action, resource, allowed] of table) {
  const who = `${principal.kind} ${principal.canonicalId}@${principal.volume}`
  test(`${who} ${action} ${resource.bucketOwner ?? '-'}: ${allowed ? 'allowed' : '403'}`, () => {
    const decide = () => authorize({ principal, action, resource })
    if (allowed) decide()
    else assert.throws(decide, { code: 'AccessDenied', status: 403 })
  })
}
