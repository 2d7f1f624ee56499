// Getting more than one was given: by IAM, by sessions, and by saying to a policy something else than to the operation.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type AccessKey, IAM } from '@aws-sdk/client-iam'
import { type Credentials, STS } from '@aws-sdk/client-sts'
import { Client } from '../client.ts'
import { other, otherId, type Running, root, startInProcess } from '../server.ts'
import { refused } from './assertions.ts'

let running: Running
let owner: ReturnType<typeof callers>
let tenant: ReturnType<typeof callers>
before(async () => {
  running = await startInProcess({ buckets: ['vault'] })
  await running.client.put('/vault/secret', 'seed')
  owner = callers({ accessKeyId: root.accessKeyId, secretAccessKey: root.secret })
  tenant = callers({ accessKeyId: other.accessKeyId, secretAccessKey: other.secret })
})
after(() => running.close())

interface Keys {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

/** IAM and STS as somebody calls them. */
function callers(credentials: Keys, { endpoint } = running) {
  const options = { endpoint, region: 'us-east-1', credentials, maxAttempts: 1 }
  return { iam: new IAM(options), sts: new STS(options) }
}

const keysOf = (key: AccessKey | Credentials | undefined): Keys => {
  assert.ok(key?.AccessKeyId !== undefined && key.SecretAccessKey !== undefined)
  const { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey } = key
  return 'SessionToken' in key
    ? { accessKeyId, secretAccessKey, sessionToken: key.SessionToken ?? '' }
    : { accessKeyId, secretAccessKey }
}

const allowing = (Action: string, more: object = {}) => ({ Effect: 'Allow', Action, ...more })
const policy = (...statements: readonly object[]) =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: statements.map(statement => ({ Resource: '*', ...statement })),
  })
const trust = (AWS: string) =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { AWS }, Action: ['sts:*'] }],
  })
/** A user of an account, with one policy. */
async function userOf({ iam }: typeof owner, UserName: string, PolicyDocument: string) {
  await iam.createUser({ UserName })
  await iam.putUserPolicy({ UserName, PolicyName: 'own', PolicyDocument })
  const { AccessKey } = await iam.createAccessKey({ UserName })
  return keysOf(AccessKey)
}

async function assume({ sts }: typeof owner, RoleArn: string, more: object = {}) {
  const { Credentials } = await sts.assumeRole({ RoleArn, RoleSessionName: 'session', ...more })
  return keysOf(Credentials)
}

const read = async (keys: Keys) => {
  const { accessKeyId, secretAccessKey: secret, sessionToken } = keys
  const client = new Client({ port: running.port, accessKeyId, secret })
  const headers: Record<string, string> =
    sessionToken === undefined ? {} : { 'x-amz-security-token': sessionToken }
  return client.get('/vault/secret', headers)
}

const denied = (calling: Promise<unknown>, name = 'AccessDenied') =>
  assert.rejects(calling, (error: Error) => error.name === name)

test('an account puts no policy on its own root, where it would hold on all buckets of the volume', async () => {
  const { iam } = callers(await userOf(tenant, 'almighty', policy(allowing('*'))))
  const PolicyDocument = policy(allowing('s3:*'))
  await denied(iam.putUserPolicy({ UserName: otherId, PolicyName: 'more', PolicyDocument }))
  await denied(tenant.iam.putUserPolicy({ UserName: otherId, PolicyName: 'more', PolicyDocument }))
  refused(await running.stranger.get('/vault/secret'), 403, 'AccessDenied')
})

test('a session ends with its role, also where another role gets its name', async () => {
  const { Arn = '' } = await owner.sts.getCallerIdentity({})
  const RoleName = 'phoenix'
  const keys = await userOf(owner, 'climber', policy(allowing('sts:AssumeRole')))
  const role = { RoleName, AssumeRolePolicyDocument: trust(Arn) }
  const { Role } = await owner.iam.createRole(role)
  const session = await assume(callers(keys), Role?.Arn ?? '')
  await owner.iam.deleteRole({ RoleName })
  await owner.iam.createRole(role)
  const put = { RoleName, PolicyName: 'own', PolicyDocument: policy(allowing('s3:*')) }
  await owner.iam.putRolePolicy(put)
  refused(await read(session), 400, 'InvalidToken')
  assert.equal((await read(await assume(callers(keys), Role?.Arn ?? ''))).text, 'seed')
})

test('a session ends with its user, also where another user gets its name', async () => {
  const keys = await userOf(owner, 'before', policy(allowing('iam:GetUser')))
  const session = keysOf((await callers(keys).sts.getSessionToken({})).Credentials)
  refused(await read(session), 403, 'AccessDenied')
  await owner.iam.updateUser({ UserName: 'before', NewUserName: 'afterwards' })
  await userOf(owner, 'before', policy(allowing('s3:*')))
  refused(await read(session), 400, 'InvalidToken')
})

test('a policy revokes the sessions that were issued before a time', async () => {
  const { Arn = '' } = await owner.sts.getCallerIdentity({})
  const keys = await userOf(owner, 'revoked', policy(allowing('sts:AssumeRole')))
  const RoleName = 'revocable'
  const { Role } = await owner.iam.createRole({ RoleName, AssumeRolePolicyDocument: trust(Arn) })
  const deny = (time: string) => ({
    Effect: 'Deny',
    Action: '*',
    Condition: { DateLessThan: { 'aws:TokenIssueTime': time } },
  })
  const put = (time: string) =>
    owner.iam.putRolePolicy({
      RoleName,
      PolicyName: 'own',
      PolicyDocument: policy(allowing('s3:*'), deny(time)),
    })
  await put('2020-01-01T00:00:00Z')
  const session = await assume(callers(keys), Role?.Arn ?? '')
  assert.equal((await read(session)).text, 'seed')
  await put('2120-01-01T00:00:00Z')
  refused(await read(session), 403, 'AccessDenied')
})

test('who somebody is does not change along a chain of sessions', async () => {
  const { Arn = '' } = await owner.sts.getCallerIdentity({})
  const keys = await userOf(owner, 'traced', policy(allowing('sts:*')))
  const RoleName = 'chained'
  const { Role } = await owner.iam.createRole({ RoleName, AssumeRolePolicyDocument: trust(Arn) })
  const PolicyDocument = policy(allowing('sts:*'))
  await owner.iam.putRolePolicy({ RoleName, PolicyName: 'own', PolicyDocument })
  const arn = Role?.Arn ?? ''
  const first = await assume(callers(keys), arn, { SourceIdentity: 'traced' })
  await denied(assume(callers(first), arn, { SourceIdentity: 'somebody' }))
  await assume(callers(first), arn, { SourceIdentity: 'traced' })
})

test('transitive tags stay what they are along a chain of sessions', async () => {
  const { Arn = '' } = await owner.sts.getCallerIdentity({})
  const keys = await userOf(owner, 'tagged', policy(allowing('sts:*')))
  const RoleName = 'tagging'
  const { Role } = await owner.iam.createRole({ RoleName, AssumeRolePolicyDocument: trust(Arn) })
  const blue = { StringEquals: { 'aws:PrincipalTag/team': 'blue' } }
  const PolicyDocument = policy(allowing('sts:*'), allowing('s3:*', { Condition: blue }))
  await owner.iam.putRolePolicy({ RoleName, PolicyName: 'own', PolicyDocument })
  const arn = Role?.Arn ?? ''
  const tags = (Value: string) => ({ Tags: [{ Key: 'team', Value }] })
  const red = await assume(callers(keys), arn, { ...tags('red'), TransitiveTagKeys: ['team'] })
  refused(await read(red), 403, 'AccessDenied')
  await denied(assume(callers(red), arn, tags('blue')), 'InvalidParameterValue')
  const first = await assume(callers(keys), arn, { ...tags('blue'), TransitiveTagKeys: ['Team'] })
  const second = await assume(callers(first), arn)
  assert.equal((await read(await assume(callers(second), arn))).text, 'seed')
  const alone = await assume(callers(keys), arn, tags('blue'))
  refused(await read(await assume(callers(alone), arn)), 403, 'AccessDenied')
})

test('a session ends with the policies that it was narrowed by', async () => {
  const keys = await userOf(owner, 'narrowed', policy(allowing('*')))
  const document = { PolicyName: 'narrow', PolicyDocument: policy(allowing('s3:GetObject')) }
  const { Policy } = await owner.iam.createPolicy(document)
  const guest = { Name: 'guest', PolicyArns: [{ arn: Policy?.Arn }] }
  const session = keysOf((await callers(keys).sts.getFederationToken(guest)).Credentials)
  assert.equal((await read(session)).text, 'seed')
  await owner.iam.deletePolicy({ PolicyArn: Policy?.Arn })
  refused(await read(session), 400, 'InvalidToken')
})

test('sessions of a key make no keys and no further sessions', async () => {
  const keys = await userOf(owner, 'passing', policy(allowing('*')))
  const { sts } = callers(keys)
  const session = keysOf((await sts.getSessionToken({})).Credentials)
  const everything = { Name: 'federated', Policy: policy(allowing('*')) }
  const federated = keysOf((await sts.getFederationToken(everything)).Credentials)
  for (const temporary of [session, federated]) {
    const calls = callers(temporary)
    await denied(calls.iam.createAccessKey({ UserName: 'passing' }))
    await denied(calls.sts.getSessionToken({}))
    assert.ok((await calls.sts.getCallerIdentity({})).Arn)
    assert.equal((await read(temporary)).text, 'seed')
  }
})

test('nobody gives himself another name or path than those that he may change', async () => {
  const { Account = '' } = await owner.sts.getCallerIdentity({})
  const Resource = `arn:aws:iam::${Account}:user/people/*`
  await owner.iam.createUser({ UserName: 'small', Path: '/people/' })
  const keys = await userOf(owner, 'renamer', policy(allowing('iam:UpdateUser', { Resource })))
  const { iam } = callers(keys)
  await denied(iam.updateUser({ UserName: 'small', NewPath: '/chiefs/' }))
  await iam.updateUser({ UserName: 'small', NewUserName: 'smaller' })
})

test('a policy has one ARN: in other letters it is none', async () => {
  const { Account = '' } = await owner.sts.getCallerIdentity({})
  const document = { PolicyName: 'Guarded', PolicyDocument: policy(allowing('s3:GetObject')) }
  const { Policy } = await owner.iam.createPolicy(document)
  const deny = { Effect: 'Deny', Action: '*', Resource: Policy?.Arn }
  const keys = await userOf(owner, 'speller', policy(allowing('iam:*'), deny))
  const { iam } = callers(keys)
  const version = { PolicyDocument: policy(allowing('*')), SetAsDefault: true }
  await denied(iam.createPolicyVersion({ PolicyArn: Policy?.Arn, ...version }))
  const PolicyArn = `arn:aws:iam::${Account}:policy/GUARDED`
  await denied(iam.createPolicyVersion({ PolicyArn, ...version }), 'NoSuchEntityException')
  await denied(iam.attachUserPolicy({ UserName: 'speller', PolicyArn }), 'NoSuchEntityException')
})

test('administrators of two volumes have users of the same name, who are not the same', async t => {
  const accounts = ['s3v', 'elsewhere'].map((volume, index) => ({
    id: String(index).repeat(64),
    display_name: volume,
    volume,
    admin: true,
    keys: [{ access_key_id: `ADMINKEY${index}`, secret_access_key: `secret-of-admin-${index}` }],
  }))
  const both = await startInProcess({ file: { accounts } })
  t.after(() => both.close())
  const [here, there] = accounts.map(({ keys: [key] }) =>
    callers(
      { accessKeyId: key?.access_key_id ?? '', secretAccessKey: key?.secret_access_key ?? '' },
      both,
    ),
  )
  assert.ok(here !== undefined && there !== undefined)
  const own = callers(await userOf(here, 'alice', policy(allowing('*'))), both)
  const foreign = callers(await userOf(there, 'alice', policy(allowing('*'))), both)
  const { Role } = await here.iam.createRole({
    RoleName: 'of-here',
    AssumeRolePolicyDocument: trust('arn:aws:iam:::user/alice'),
  })
  await assume(own, Role?.Arn ?? '')
  await denied(assume(foreign, Role?.Arn ?? ''))
})

test('grants of a new object take the right to set its ACL, however they are written', async () => {
  const { client, port } = running
  const ownership =
    '<OwnershipControls><Rule><ObjectOwnership>ObjectWriter</ObjectOwnership></Rule></OwnershipControls>'
  assert.equal((await client.document('PUT', '/vault?ownershipControls', ownership)).status, 200)
  const writing = await userOf(owner, 'writer', policy(allowing('s3:PutObject')))
  const writer = new Client({ port, ...writing, secret: writing.secretAccessKey })
  const grant = 'uri="http://acs.amazonaws.com/groups/global/AllUsers"'
  assert.equal((await writer.put('/vault/shared', 'bytes')).status, 200)
  for (const headers of [{ 'x-amz-acl': 'public-read' }, { 'x-amz-grant-read': grant }]) {
    refused(await writer.put('/vault/shared', 'bytes', headers), 403, 'AccessDenied')
    refused(await writer.post('/vault/shared?uploads', '', headers), 403, 'AccessDenied')
  }
})
