// Policies, ACLs, ownership and public access blocks of buckets, as clients see them.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { refused } from '../attacks/assertions.ts'
import { element, elements } from '../client.ts'
import { otherId, type Running, startInProcess } from '../server.ts'

let running: Running
before(async () => {
  running = await startInProcess({ buckets: [] })
})
after(() => running.close())

const statement = (bucket: string, more: object) => ({
  Effect: 'Allow',
  Principal: '*',
  Action: 's3:GetObject',
  Resource: `arn:aws:s3:::${bucket}/*`,
  ...more,
})
const document = (...statements: readonly object[]) =>
  JSON.stringify({ Version: '2012-10-17', Statement: statements })
const make = async (bucket: string, headers: Record<string, string> = {}) => {
  const made = await running.client.put(`/${bucket}`, '', headers)
  assert.equal(made.status, 200, made.text)
}
const anonymous = (target: string) => running.client.plain({ target })
const writer = { 'x-amz-object-ownership': 'ObjectWriter' }

test('a policy is told as it was put, and holds at once', async () => {
  const { client, stranger } = running
  await make('policies')
  await client.put('/policies/a', 'x')
  refused(await client.get('/policies?policy'), 404, 'NoSuchBucketPolicy')
  refused(await anonymous('/policies/a'), 403, 'AccessDenied')
  const policy = ` ${document(statement('policies', {}))}`.trim()
  assert.equal((await client.document('PUT', '/policies?policy', policy)).status, 204)
  const told = await client.get('/policies?policy')
  assert.equal(told.text, policy)
  assert.equal(told.headers['content-type'], 'application/json')
  assert.equal((await anonymous('/policies/a')).text, 'x')
  refused(await anonymous('/policies/missing'), 403, 'AccessDenied')
  refused(await client.get('/policies/missing'), 404, 'NoSuchKey')
  refused(await stranger.put('/policies/a', 'y'), 403, 'AccessDenied')
  const status = await client.get('/policies?policyStatus')
  assert.equal(element(status.text, 'IsPublic'), 'true')
  assert.equal((await client.delete('/policies?policy')).status, 204)
  refused(await anonymous('/policies/a'), 403, 'AccessDenied')
})

test('what is no policy is refused by what is wrong with it', async () => {
  const { client } = running
  await make('wrong')
  const put = (text: string) => client.document('PUT', '/wrong?policy', text)
  for (const text of [
    'x',
    '{}',
    document({ Effect: 'Allow' }),
    document(statement('elsewhere', {})),
    document(statement('wrong', { Action: 's3:Everything' })),
    document(statement('wrong', { Condition: { Sometimes: { a: 'b' } } })),
    document(statement('wrong', { Principal: { AWS: 'nobody' } })),
    document(statement('wrong', { Sid: 'x'.repeat(21_000) })),
  ]) {
    const answer = await put(text)
    refused(answer, 400, 'MalformedPolicy')
    assert.ok(element(answer.text, 'Message').length > 10)
  }
  refused(await client.get('/wrong?policy'), 404, 'NoSuchBucketPolicy')
})

test('ACLs are off unless the bucket says otherwise', async () => {
  const { client } = running
  await make('off')
  const share = { 'x-amz-acl': 'public-read' }
  refused(await client.put('/off/a', 'x', share), 400, 'AccessControlListNotSupported')
  refused(await client.document('PUT', '/off?acl', '', share), 400, 'AccessControlListNotSupported')
  refused(await client.put('/unmade', '', share), 400, 'InvalidBucketAclWithObjectOwnership')
  const acl = await client.get('/off?acl')
  assert.deepEqual(elements(acl.text, 'Permission'), ['FULL_CONTROL'])
  const controls = await client.get('/off?ownershipControls')
  assert.equal(element(controls.text, 'ObjectOwnership'), 'BucketOwnerEnforced')
})

test('ACLs of buckets and objects, canned, in headers and in XML', async () => {
  const { client, stranger } = running
  await make('shared', { ...writer, 'x-amz-acl': 'public-read' })
  await client.put('/shared/private', 'p')
  await client.put('/shared/public', 'q', { 'x-amz-acl': 'public-read' })
  assert.equal((await anonymous('/shared')).status, 200)
  refused(await anonymous('/shared/private'), 403, 'AccessDenied')
  refused(await anonymous('/shared/missing'), 404, 'NoSuchKey')
  assert.equal((await anonymous('/shared/public')).text, 'q')
  refused(await stranger.put('/shared/new', 'x'), 403, 'AccessDenied')
  const grant = { 'x-amz-grant-read': `id=${otherId}` }
  assert.equal((await client.document('PUT', '/shared/private?acl', '', grant)).status, 200)
  assert.equal((await stranger.get('/shared/private')).text, 'p')
  const xml = `<AccessControlPolicy><AccessControlList><Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser"><ID>${otherId}</ID></Grantee><Permission>WRITE</Permission></Grant></AccessControlList></AccessControlPolicy>`
  assert.equal((await client.document('PUT', '/shared?acl', xml)).status, 200)
  assert.equal((await stranger.put('/shared/new', 'mine')).status, 200)
  refused(await client.get('/shared/new'), 403, 'AccessDenied')
  assert.equal((await client.delete('/shared/new')).status, 204)
  const unknown = { 'x-amz-grant-read': 'emailAddress="nobody@example.org"' }
  refused(
    await client.document('PUT', '/shared/private?acl', '', unknown),
    400,
    'UnresolvableGrantByEmailAddress',
  )
  const both = { 'x-amz-acl': 'private', ...grant }
  refused(await client.document('PUT', '/shared/private?acl', '', both), 400, 'InvalidRequest')
})

test('a public access block beats policies and ACLs', async () => {
  const { client } = running
  await make('blocked', { ...writer, 'x-amz-acl': 'public-read' })
  await client.put('/blocked/a', 'x', { 'x-amz-acl': 'public-read' })
  refused(
    await client.get('/blocked?publicAccessBlock'),
    404,
    'NoSuchPublicAccessBlockConfiguration',
  )
  const all = ['BlockPublicAcls', 'IgnorePublicAcls', 'BlockPublicPolicy', 'RestrictPublicBuckets']
  const parts = all.map(name => `<${name}>true</${name}>`).join('')
  const block = `<PublicAccessBlockConfiguration>${parts}</PublicAccessBlockConfiguration>`
  assert.equal((await client.document('PUT', '/blocked?publicAccessBlock', block)).status, 200)
  refused(await anonymous('/blocked/a'), 403, 'AccessDenied')
  refused(await anonymous('/blocked'), 403, 'AccessDenied')
  const share = { 'x-amz-acl': 'public-read' }
  refused(await client.put('/blocked/b', 'x', share), 403, 'AccessDenied')
  refused(await client.document('PUT', '/blocked?acl', '', share), 403, 'AccessDenied')
  const policy = document(statement('blocked', {}))
  refused(await client.document('PUT', '/blocked?policy', policy), 403, 'AccessDenied')
  assert.equal((await client.delete('/blocked?publicAccessBlock')).status, 204)
  assert.equal((await anonymous('/blocked/a')).text, 'x')
})

test('ownership controls', async () => {
  const { client } = running
  await make('owned', { ...writer, 'x-amz-acl': 'public-read' })
  const controls = (ownership: string) =>
    client.document(
      'PUT',
      '/owned?ownershipControls',
      `<OwnershipControls><Rule><ObjectOwnership>${ownership}</ObjectOwnership></Rule></OwnershipControls>`,
    )
  refused(await controls('BucketOwnerEnforced'), 400, 'InvalidBucketAclWithObjectOwnership')
  refused(await controls('Everybody'), 400, 'MalformedXML')
  await client.document('PUT', '/owned?acl', '', { 'x-amz-acl': 'private' })
  assert.equal((await controls('BucketOwnerEnforced')).status, 200)
  refused(
    await client.put('/owned/a', 'x', { 'x-amz-acl': 'private' }),
    400,
    'AccessControlListNotSupported',
  )
  assert.equal((await client.delete('/owned?ownershipControls')).status, 204)
  refused(await client.get('/owned?ownershipControls'), 404, 'OwnershipControlsNotFoundError')
})

test('conditions: prefixes of listings, tags of objects, what a write says', async () => {
  const { client, stranger } = running
  await make('conditions')
  await client.put('/conditions/red', 'x', { 'x-amz-tagging': 'colour=red' })
  await client.put('/conditions/blue', 'x', { 'x-amz-tagging': 'colour=blue' })
  const policy = document(
    statement('conditions', {
      Action: 's3:ListBucket',
      Resource: 'arn:aws:s3:::conditions',
      Condition: { StringLike: { 's3:prefix': 'public/*' } },
    }),
    statement('conditions', {
      Condition: { StringEquals: { 's3:ExistingObjectTag/colour': 'red' } },
    }),
    statement('conditions', {
      Action: 's3:PutObject',
      Condition: { StringEquals: { 's3:x-amz-storage-class': 'STANDARD_IA' } },
    }),
  )
  assert.equal((await client.document('PUT', '/conditions?policy', policy)).status, 204)
  assert.equal((await stranger.get('/conditions?prefix=public/x')).status, 200)
  refused(await stranger.get('/conditions?prefix=private/'), 403, 'AccessDenied')
  refused(await stranger.get('/conditions'), 403, 'AccessDenied')
  assert.equal((await stranger.get('/conditions/red')).status, 200)
  refused(await stranger.get('/conditions/blue'), 403, 'AccessDenied')
  refused(await stranger.put('/conditions/new', 'x'), 403, 'AccessDenied')
  const cold = { 'x-amz-storage-class': 'STANDARD_IA' }
  assert.equal((await stranger.put('/conditions/new', 'x', cold)).status, 200)
})
