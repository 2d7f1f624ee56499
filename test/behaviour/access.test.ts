// Policies, ACLs, ownership and public access blocks of buckets, as clients see them.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import * as iam from '@aws-sdk/client-iam'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import { refused } from '../attacks/assertions.ts'
import { element, elements } from '../client.ts'
import { allow, fails, iamClient, keysOf, s3Client } from '../iam-client.ts'
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

test('who may write an object may share it only with the right to', async () => {
  await make('sharing', writer)
  const users = iamClient(running)
  await users.send(new iam.CreateUserCommand({ UserName: 'writer' }))
  const give = (...actions: readonly string[]) =>
    users.send(
      new iam.PutUserPolicyCommand({
        UserName: 'writer',
        PolicyName: 'p',
        PolicyDocument: allow(actions),
      }),
    )
  await give('s3:PutObject')
  const made = await users.send(new iam.CreateAccessKeyCommand({ UserName: 'writer' }))
  const s3 = s3Client(running, keysOf(made.AccessKey))
  const put = (more: object) =>
    s3.send(new PutObjectCommand({ Bucket: 'sharing', Key: 'a', Body: 'x', ...more }))
  const everyone = { GrantRead: 'uri="http://acs.amazonaws.com/groups/global/AllUsers"' }
  await put({})
  for (const share of [{ ACL: 'public-read' }, everyone])
    await fails(put(share), /^AccessDenied$/, 403)
  await give('s3:PutObject', 's3:PutObjectAcl')
  await put(everyone)
  assert.equal((await anonymous('/sharing/a')).text, 'x')
})

test('the right to write does not reach into the versions that are there', async () => {
  const { client, stranger } = running
  await make('versions', { ...writer, 'x-amz-acl': 'public-read-write' })
  const enabled = '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>'
  assert.equal((await client.document('PUT', '/versions?versioning', enabled)).status, 200)
  const version = (await client.put('/versions/a', 'x')).headers['x-amz-version-id'] ?? ''
  assert.equal((await stranger.delete('/versions/a')).status, 204)
  refused(await stranger.delete(`/versions/a?versionId=${version}`), 403, 'AccessDenied')
  assert.equal((await client.delete(`/versions/a?versionId=${version}`)).status, 204)
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

test('policies speak of the key of a form and of what else it says, by its own names', async () => {
  const { client } = running
  await make('forms', writer)
  const policy = document(
    statement('forms', { Action: ['s3:PutObject', 's3:PutObjectTagging', 's3:PutObjectAcl'] }),
    statement('forms', { Effect: 'Deny', Action: '*', Resource: 'arn:aws:s3:::forms/closed/*' }),
    statement('forms', {
      Effect: 'Deny',
      Action: 's3:PutObject',
      Condition: { StringEquals: { 's3:x-amz-acl': 'public-read' } },
    }),
    statement('forms', {
      Effect: 'Deny',
      Action: 's3:PutObject',
      Condition: { Null: { 's3:if-none-match': 'false' } },
    }),
    statement('forms', {
      Effect: 'Deny',
      Action: 's3:PutObject',
      Condition: { StringEquals: { 's3:RequestObjectTag/secret': 'yes' } },
    }),
  )
  assert.equal((await client.document('PUT', '/forms?policy', policy)).status, 204)
  const post = async (fields: Record<string, string>, headers: Record<string, string> = {}) => {
    const body = new FormData()
    for (const [name, value] of Object.entries({ key: 'a', ...fields })) body.append(name, value)
    body.append('file', 'x')
    return (await fetch(`${running.endpoint}/forms`, { method: 'POST', body, headers })).status
  }
  const tagging = (key: string) =>
    `<Tagging><TagSet><Tag><Key>${key}</Key><Value>yes</Value></Tag></TagSet></Tagging>`
  assert.equal(await post({}), 204)
  assert.equal(await post({ key: 'closed/a' }), 403)
  // The header of a form's request says nothing of the object.
  assert.equal(await post({}, { 'if-none-match': '*' }), 204)
  assert.equal(await post({}, { 'x-amz-acl': 'public-read' }), 204)
  for (const name of ['acl', 'x-amz-acl']) assert.equal(await post({ [name]: 'public-read' }), 403)
  assert.equal(await post({ tagging: tagging('plain') }), 204)
  assert.equal(await post({ tagging: tagging('secret') }), 403)
})

test('a policy on some keys lets them be deleted together, and no others', async () => {
  const { client, stranger } = running
  await make('several')
  for (const key of ['tmp/a', 'tmp/b', 'kept']) await client.put(`/several/${key}`, 'x')
  const objects = ['tmp/a', 'tmp/b', 'kept'].map(key => `<Object><Key>${key}</Key></Object>`)
  const all = `<Delete>${objects.join('')}</Delete>`
  refused(await stranger.document('POST', '/several?delete', all), 403, 'AccessDenied')
  const policy = document(
    statement('several', { Action: 's3:DeleteObject', Resource: 'arn:aws:s3:::several/tmp/*' }),
  )
  await client.document('PUT', '/several?policy', policy)
  const answer = await stranger.document('POST', '/several?delete', all)
  assert.equal(answer.status, 200)
  assert.deepEqual(elements(answer.text, 'Code'), ['AccessDenied'])
  assert.deepEqual(await client.keys('several'), ['kept'])
})

test('tags are copied by whom they may be read and written', async () => {
  const { client, stranger } = running
  await make('copies')
  await client.put('/copies/tagged', 'x', { 'x-amz-tagging': 'secret=yes' })
  await client.put('/copies/plain', 'x')
  const may = async (...actions: readonly string[]) => {
    const policy = document(statement('copies', { Action: ['s3:*Object', ...actions] }))
    assert.equal((await client.document('PUT', '/copies?policy', policy)).status, 204)
  }
  const copy = (from: string, more: Record<string, string> = {}) =>
    stranger.put('/copies/copy', '', { 'x-amz-copy-source': `:copies/${from}`, ...more })
  await may()
  assert.equal((await copy('plain')).status, 200)
  refused(await copy('tagged'), 403, 'AccessDenied')
  const replace = { 'x-amz-tagging-directive': 'REPLACE' }
  assert.equal((await copy('tagged', replace)).status, 200)
  for (const one of ['s3:GetObjectTagging', 's3:PutObjectTagging']) {
    await may(one)
    refused(await copy('tagged'), 403, 'AccessDenied')
  }
  await may('s3:*ObjectTagging')
  assert.equal((await copy('tagged')).status, 200)
  assert.match((await client.get('/copies/copy?tagging')).text, /secret/)
})

test('a document needs no Content-MD5, as mc and s3cmd send it; a list of deletions does', async () => {
  const { client } = running
  await make('plain', writer)
  const policy = document(statement('plain', {}))
  assert.equal((await client.put('/plain?policy', policy)).status, 204)
  assert.equal((await client.put('/plain?acl', '', { 'x-amz-acl': 'public-read' })).status, 200)
  const unsigned = { method: 'PUT', target: '/plain?policy', body: policy }
  const loose = await client.send({ ...unsigned, payload: 'UNSIGNED-PAYLOAD' })
  assert.equal(loose.status, 204)
  const all = '<Delete><Object><Key>a</Key></Object></Delete>'
  refused(await client.post('/plain?delete', all), 400, 'InvalidRequest')
})
