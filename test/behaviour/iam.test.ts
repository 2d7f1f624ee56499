// IAM with AWS's own client: what is made is found, what it allows is allowed at once, what is in use stays.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import * as iam from '@aws-sdk/client-iam'
import { GetObjectCommand, ListBucketsCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts'
import {
  allow,
  fails,
  iamClient,
  type Keys,
  keysOf,
  s3Client,
  stsClient,
  trust,
} from '../iam-client.ts'
import { other, type Running, startInProcess } from '../server.ts'

let running: Running
let client: iam.IAMClient
before(async () => {
  running = await startInProcess()
  client = iamClient(running)
})
after(() => running.close())

async function newUser(name: string): Promise<Keys> {
  await client.send(new iam.CreateUserCommand({ UserName: name }))
  const made = await client.send(new iam.CreateAccessKeyCommand({ UserName: name }))
  return keysOf(made.AccessKey)
}

test('a user has what its policies give it, from the next request on', async () => {
  const keys = await newUser('alice')
  const s3 = s3Client(running, keys)
  const put = (Key: string) => s3.send(new PutObjectCommand({ Bucket: 'bucket', Key, Body: 'x' }))
  const identity = await stsClient(running, keys).send(new GetCallerIdentityCommand({}))
  assert.match(identity.Arn ?? '', /^arn:aws:iam::\d{12}:user\/alice$/)
  await fails(put('mine/a'), /^AccessDenied$/, 403)
  const UserName = 'alice'
  const PolicyDocument = allow('s3:PutObject', 'arn:aws:s3:::bucket/${aws:username}/*')
  await client.send(new iam.PutUserPolicyCommand({ UserName, PolicyName: 'own', PolicyDocument }))
  await put('alice/a')
  await fails(put('mine/a'), /^AccessDenied$/, 403)
  const found = await client.send(new iam.GetUserPolicyCommand({ UserName, PolicyName: 'own' }))
  assert.equal(decodeURIComponent(found.PolicyDocument ?? ''), PolicyDocument)
  await client.send(new iam.DeleteUserPolicyCommand({ UserName, PolicyName: 'own' }))
  await fails(put('alice/a'), /^AccessDenied$/, 403)
})

test('groups give, boundaries bound, and a key that is off is off', async () => {
  const keys = await newUser('bob')
  const s3 = s3Client(running, keys)
  const list = () => s3.send(new ListBucketsCommand({}))
  const UserName = 'bob'
  await client.send(new iam.CreateGroupCommand({ GroupName: 'readers' }))
  const PolicyArn = 'arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess'
  await client.send(new iam.AttachGroupPolicyCommand({ GroupName: 'readers', PolicyArn }))
  await fails(list(), /^AccessDenied$/, 403)
  await client.send(new iam.AddUserToGroupCommand({ GroupName: 'readers', UserName }))
  await list()
  const bound = await client.send(
    new iam.CreatePolicyCommand({ PolicyName: 'bound', PolicyDocument: allow('s3:GetObject') }),
  )
  const PermissionsBoundary = bound.Policy?.Arn
  await client.send(new iam.PutUserPermissionsBoundaryCommand({ UserName, PermissionsBoundary }))
  await fails(list(), /^AccessDenied$/, 403)
  await client.send(new iam.DeleteUserPermissionsBoundaryCommand({ UserName }))
  await list()
  const AccessKeyId = keys.accessKeyId
  await client.send(new iam.UpdateAccessKeyCommand({ UserName, AccessKeyId, Status: 'Inactive' }))
  await fails(list(), /^InvalidAccessKeyId$/, 403)
  await client.send(new iam.UpdateAccessKeyCommand({ UserName, AccessKeyId, Status: 'Active' }))
  await list()
  await client.send(new iam.DeleteAccessKeyCommand({ UserName, AccessKeyId }))
  await fails(list(), /^InvalidAccessKeyId$/, 403)
})

test('IAM itself takes a right, and an account sees its own only', async () => {
  const keys = await newUser('carol')
  const own = iamClient(running, keys)
  await fails(own.send(new iam.ListUsersCommand({})), /^AccessDenied$/, 403)
  await fails(own.send(new iam.CreateUserCommand({ UserName: 'eve' })), /^AccessDenied$/, 403)
  await client.send(
    new iam.AttachUserPolicyCommand({
      UserName: 'carol',
      PolicyArn: 'arn:aws:iam::aws:policy/IAMReadOnlyAccess',
    }),
  )
  const users = await own.send(new iam.ListUsersCommand({}))
  assert.ok(users.Users?.some(user => user.UserName === 'carol'))
  await fails(own.send(new iam.CreateUserCommand({ UserName: 'eve' })), /^AccessDenied$/, 403)
  const stranger = iamClient(running, {
    accessKeyId: other.accessKeyId,
    secretAccessKey: other.secret,
  })
  assert.deepEqual((await stranger.send(new iam.ListUsersCommand({}))).Users, [])
  const missing = stranger.send(new iam.GetUserCommand({ UserName: 'carol' }))
  await fails(missing, /^NoSuchEntity/, 404)
})

test('errors have IAM’s names', async () => {
  await client.send(
    new iam.CreateRoleCommand({ RoleName: 'role', AssumeRolePolicyDocument: trust({ AWS: '*' }) }),
  )
  const again = new iam.CreateRoleCommand({
    RoleName: 'ROLE',
    AssumeRolePolicyDocument: trust({ AWS: '*' }),
  })
  await fails(client.send(again), /^EntityAlreadyExists/, 409)
  const broken = { RoleName: 'role', PolicyName: 'p', PolicyDocument: '{"Version":"2012-10-17"}' }
  await fails(client.send(new iam.PutRolePolicyCommand(broken)), /^MalformedPolicyDocument/, 400)
  await client.send(new iam.PutRolePolicyCommand({ ...broken, PolicyDocument: allow('s3:*') }))
  await fails(client.send(new iam.DeleteRoleCommand({ RoleName: 'role' })), /^DeleteConflict/, 409)
  const odd = new iam.CreateUserCommand({ UserName: 'a b' })
  await fails(client.send(odd), /^ValidationError$/, 400)
  const wrong = iamClient(running, { accessKeyId: 'nobody', secretAccessKey: 'nothing-at-all' })
  await fails(wrong.send(new iam.GetUserCommand({})), /^InvalidClientTokenId$/, 403)
  const forged = iamClient(running, {
    accessKeyId: other.accessKeyId,
    secretAccessKey: 'not-its-secret',
  })
  await fails(forged.send(new iam.GetUserCommand({})), /^SignatureDoesNotMatch$/, 403)
  await fails(
    client.send(new iam.ChangePasswordCommand({ OldPassword: 'a', NewPassword: 'b' })),
    /^InvalidAction$/,
    400,
  )
})

test('pages of lists, policies with versions, tags', async () => {
  for (const name of ['p1', 'p2', 'p3']) {
    await client.send(new iam.CreateUserCommand({ UserName: name, Path: '/pages/' }))
  }
  const names: (string | undefined)[] = []
  const pages = iam.paginateListUsers({ client, pageSize: 1 }, { PathPrefix: '/pages/' })
  for await (const page of pages) names.push(...(page.Users ?? []).map(user => user.UserName))
  assert.deepEqual(names, ['p1', 'p2', 'p3'])
  const made = await client.send(
    new iam.CreatePolicyCommand({ PolicyName: 'versions', PolicyDocument: allow('s3:GetObject') }),
  )
  const PolicyArn = made.Policy?.Arn
  const PolicyDocument = allow('s3:*')
  await client.send(
    new iam.CreatePolicyVersionCommand({ PolicyArn, PolicyDocument, SetAsDefault: true }),
  )
  const got = await client.send(new iam.GetPolicyCommand({ PolicyArn }))
  assert.equal(got.Policy?.DefaultVersionId, 'v2')
  const versions = await client.send(new iam.ListPolicyVersionsCommand({ PolicyArn }))
  assert.deepEqual(
    versions.Versions?.map(({ VersionId }) => VersionId),
    ['v2', 'v1'],
  )
  const Tags = [{ Key: 'team', Value: 'a+b @c' }]
  await client.send(new iam.TagUserCommand({ UserName: 'p1', Tags }))
  assert.deepEqual((await client.send(new iam.GetUserCommand({ UserName: 'p1' }))).User?.Tags, Tags)
})

test('the simulator names the policy that decides', async () => {
  await client.send(new iam.CreateUserCommand({ UserName: 'dave' }))
  const PolicyDocument = allow('s3:GetObject', 'arn:aws:s3:::bucket/docs/*')
  await client.send(
    new iam.PutUserPolicyCommand({ UserName: 'dave', PolicyName: 'docs', PolicyDocument }),
  )
  const { User } = await client.send(new iam.GetUserCommand({ UserName: 'dave' }))
  const answer = await client.send(
    new iam.SimulatePrincipalPolicyCommand({
      PolicySourceArn: User?.Arn,
      ActionNames: ['s3:GetObject', 's3:PutObject'],
      ResourceArns: ['arn:aws:s3:::bucket/docs/a'],
    }),
  )
  const told = answer.EvaluationResults?.map(result => [
    result.EvalActionName,
    result.EvalDecision,
    result.MatchedStatements?.[0]?.SourcePolicyId,
  ])
  assert.deepEqual(told, [
    ['s3:GetObject', 'allowed', 'user/dave/docs'],
    ['s3:PutObject', 'implicitDeny', undefined],
  ])
})

test('a signature for one service is none for another', async () => {
  const { client: raw } = running
  const s3AsIam = await raw.post('/', 'Action=GetUser&Version=2010-05-08', {
    'content-type': 'application/x-www-form-urlencoded',
  })
  assert.equal(s3AsIam.status, 403)
  assert.match(
    s3AsIam.text,
    /<Code>SignatureDoesNotMatch<\/Code>.*scoped to correct service: 'iam'/,
  )
  const anonymous = await fetch(running.endpoint, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: 'Action=ListUsers&Version=2010-05-08',
  })
  assert.equal(anonymous.status, 403)
  assert.match(await anonymous.text(), /<Code>MissingAuthenticationToken</)
  await fails(
    s3Client(running, { accessKeyId: 'nobody', secretAccessKey: 'nothing-at-all' }).send(
      new GetObjectCommand({ Bucket: 'bucket', Key: 'k' }),
    ),
    /^InvalidAccessKeyId$/,
    403,
  )
})
