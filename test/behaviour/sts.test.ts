// STS with AWS's own client: sessions may what their role and their policies both allow, and end with what they stand on.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import * as iam from '@aws-sdk/client-iam'
import { GetObjectCommand, ListBucketsCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import * as sts from '@aws-sdk/client-sts'
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
import { type Issuer, startIssuer } from '../issuer.ts'
import { other, type Running, root, startInProcess } from '../server.ts'

let running: Running
let client: iam.IAMClient
let issuer: Issuer
let account: string
let user: Keys
before(async () => {
  running = await startInProcess()
  issuer = await startIssuer()
  client = iamClient(running)
  account = (await stsClient(running).send(new sts.GetCallerIdentityCommand({}))).Account ?? ''
  await client.send(new iam.CreateUserCommand({ UserName: 'alice' }))
  const made = await client.send(new iam.CreateAccessKeyCommand({ UserName: 'alice' }))
  user = keysOf(made.AccessKey)
})
after(async () => {
  await running.close()
  await issuer.close()
})

async function role(RoleName: string, AssumeRolePolicyDocument: string, policy?: string) {
  await client.send(new iam.CreateRoleCommand({ RoleName, AssumeRolePolicyDocument }))
  if (policy !== undefined) {
    await client.send(
      new iam.PutRolePolicyCommand({ RoleName, PolicyName: 'p', PolicyDocument: policy }),
    )
  }
  return `arn:aws:iam::${account}:role/${RoleName}`
}

const put = (keys: Keys, Key: string) =>
  s3Client(running, keys).send(new PutObjectCommand({ Bucket: 'bucket', Key, Body: 'x' }))

test('whose account a key is of is told of those of the own account, to who may', async () => {
  const info = (keys?: Keys, AccessKeyId = user.accessKeyId) =>
    stsClient(running, keys).send(new sts.GetAccessKeyInfoCommand({ AccessKeyId }))
  assert.equal((await info()).Account, account)
  assert.equal((await info(undefined, root.accessKeyId)).Account, account)
  for (const AccessKeyId of [other.accessKeyId, 'AKIAIOSFODNN7EXAMPLE'])
    await fails(info(undefined, AccessKeyId), /^ValidationError$/, 400)
  await fails(info(user), /^AccessDenied$/, 403)
  const inline = { UserName: 'alice', PolicyName: 'info' }
  const PolicyDocument = allow('sts:GetAccessKeyInfo')
  await client.send(new iam.PutUserPolicyCommand({ ...inline, PolicyDocument }))
  assert.equal((await info(user)).Account, account)
  await client.send(new iam.DeleteUserPolicyCommand(inline))
})

test('a role gives what it may, narrowed by the session policy, for as long as it is there', async () => {
  const RoleArn = await role(
    'worker',
    trust({ AWS: `arn:aws:iam::${account}:user/alice` }),
    allow('s3:*'),
  )
  const assume = (more: object = {}) =>
    stsClient(running, user).send(
      new sts.AssumeRoleCommand({ RoleArn, RoleSessionName: 'job', ...more }),
    )
  const whole = await assume()
  const wide = keysOf(whole.Credentials)
  const narrow = keysOf(
    (await assume({ Policy: allow('s3:PutObject', 'arn:aws:s3:::bucket/in/*') })).Credentials,
  )
  const identity = await stsClient(running, wide).send(new sts.GetCallerIdentityCommand({}))
  assert.equal(identity.Arn, `arn:aws:sts::${account}:assumed-role/worker/job`)
  assert.equal(identity.Arn, whole.AssumedRoleUser?.Arn)
  assert.equal(identity.UserId, whole.AssumedRoleUser?.AssumedRoleId)
  await put(wide, 'out/a')
  await put(narrow, 'in/a')
  await fails(put(narrow, 'out/a'), /^AccessDenied$/, 403)
  await client.send(new iam.DeleteRolePolicyCommand({ RoleName: 'worker', PolicyName: 'p' }))
  await fails(put(wide, 'out/a'), /^AccessDenied$/, 403)
  await client.send(new iam.DeleteRoleCommand({ RoleName: 'worker' }))
  await fails(put(wide, 'out/a'), /^InvalidToken$/, 400)
})

test('a role whose trust policy does not name one is refused as one that is not there', async () => {
  await client.send(new iam.CreateUserCommand({ UserName: 'bob' }))
  const closed = await role('closed', trust({ AWS: `arn:aws:iam::${account}:user/bob` }))
  const named = await role('delegated', trust({ AWS: `arn:aws:iam::${account}:root` }))
  const assume = (RoleArn: string) =>
    stsClient(running, user).send(new sts.AssumeRoleCommand({ RoleArn, RoleSessionName: 'job' }))
  for (const arn of [closed, named, `arn:aws:iam::${account}:role/none`]) {
    await assert.rejects(assume(arn), {
      name: 'AccessDenied',
      message: `User: arn:aws:iam::${account}:user/alice is not authorized to perform: sts:AssumeRole on resource: ${arn}`,
    })
  }
  // A trust policy that names the account leaves it to the account's own policies.
  await client.send(
    new iam.PutUserPolicyCommand({
      UserName: 'alice',
      PolicyName: 'assume',
      PolicyDocument: allow('sts:AssumeRole', [named, closed]),
    }),
  )
  await assume(named)
  await fails(assume(closed), /^AccessDenied$/, 403)
})

test('durations, names and policies are held to their limits', async () => {
  const RoleArn = await role('limited', trust({ AWS: `arn:aws:iam::${account}:user/alice` }))
  const assume = (more: object) =>
    stsClient(running, user).send(
      new sts.AssumeRoleCommand({ RoleArn, RoleSessionName: 'job', ...more }),
    )
  await fails(assume({ DurationSeconds: 899 }), /^ValidationError$/, 400)
  await fails(assume({ DurationSeconds: 3601 }), /^ValidationError$/, 400)
  await fails(assume({ RoleSessionName: 'a b' }), /^ValidationError$/, 400)
  await fails(assume({ Policy: '{' }), /^MalformedPolicyDocument/, 400)
  await fails(assume({ Policy: allow(`s3:${'x'.repeat(3000)}`) }), /^PackedPolicyTooLarge/, 400)
  const { Credentials } = await assume({ DurationSeconds: 900 })
  const seconds = ((Credentials?.Expiration?.getTime() ?? 0) - Date.now()) / 1000
  assert.ok(seconds > 800 && seconds <= 900)
})

test('session tags are the principal’s, where the trust policy lets them be set', async () => {
  const who = { AWS: `arn:aws:iam::${account}:user/alice` }
  const policy = allow('s3:PutObject', 'arn:aws:s3:::bucket/${aws:PrincipalTag/team}/*')
  const tagging = await role(
    'tagged',
    trust(who, undefined, ['sts:AssumeRole', 'sts:TagSession']),
    policy,
  )
  const plain = await role('untagged', trust(who), policy)
  const assume = (RoleArn: string) =>
    stsClient(running, user).send(
      new sts.AssumeRoleCommand({
        RoleArn,
        RoleSessionName: 'job',
        Tags: [{ Key: 'Team', Value: 'red' }],
      }),
    )
  const keys = keysOf((await assume(tagging)).Credentials)
  await put(keys, 'red/a')
  await fails(put(keys, 'blue/a'), /^AccessDenied$/, 403)
  await fails(assume(plain), /^AccessDenied$/, 403)
})

test('GetSessionToken is oneself for a while, GetFederationToken what its policy leaves', async () => {
  await client.send(
    new iam.PutUserPolicyCommand({
      UserName: 'alice',
      PolicyName: 's3',
      PolicyDocument: allow(['s3:PutObject', 'sts:GetFederationToken']),
    }),
  )
  const own = stsClient(running, user)
  const session = keysOf((await own.send(new sts.GetSessionTokenCommand({}))).Credentials)
  await put(session, 'session')
  const federation = (Policy?: string) =>
    own.send(new sts.GetFederationTokenCommand({ Name: 'guest', Policy }))
  const some = keysOf((await federation(allow('s3:*', 'arn:aws:s3:::bucket/guest/*'))).Credentials)
  await put(some, 'guest/a')
  await fails(put(some, 'session'), /^AccessDenied$/, 403)
  await fails(
    s3Client(running, some).send(new GetObjectCommand({ Bucket: 'bucket', Key: 'guest/a' })),
    /^AccessDenied$/,
    403,
  )
  await fails(put(keysOf((await federation()).Credentials), 'guest/a'), /^AccessDenied$/, 403)
  // The key that they were asked for with ends them.
  await client.send(
    new iam.UpdateAccessKeyCommand({
      UserName: 'alice',
      AccessKeyId: user.accessKeyId,
      Status: 'Inactive',
    }),
  )
  await fails(put(session, 'session'), /^InvalidToken$/, 400)
  await client.send(
    new iam.UpdateAccessKeyCommand({
      UserName: 'alice',
      AccessKeyId: user.accessKeyId,
      Status: 'Active',
    }),
  )
})

test('GetSessionToken needs no permission, but a deny keeps from it', async () => {
  await client.send(new iam.CreateUserCommand({ UserName: 'plain' }))
  const made = await client.send(new iam.CreateAccessKeyCommand({ UserName: 'plain' }))
  const ask = () =>
    stsClient(running, keysOf(made.AccessKey)).send(new sts.GetSessionTokenCommand({}))
  await ask()
  const PolicyDocument = allow('sts:GetSessionToken').replace('Allow', 'Deny')
  await client.send(
    new iam.PutUserPolicyCommand({ UserName: 'plain', PolicyName: 'p', PolicyDocument }),
  )
  await assert.rejects(ask(), { name: 'AccessDenied', message: /with an explicit deny$/ })
})

test('a token of a provider assumes a role, by its claims', async () => {
  const provider = await client.send(
    new iam.CreateOpenIDConnectProviderCommand({
      Url: issuer.url,
      ClientIDList: ['client'],
      ThumbprintList: [issuer.thumbprint],
    }),
  )
  const name = issuer.url.replace('http://', '')
  const Federated = provider.OpenIDConnectProviderArn ?? ''
  const RoleArn = await role(
    'web',
    trust(
      { Federated },
      { StringEquals: { [`${name}:sub`]: 'subject', [`${name}:aud`]: 'client' } },
      ['sts:AssumeRoleWithWebIdentity', 'sts:TagSession'],
    ),
    allow('s3:PutObject', 'arn:aws:s3:::bucket/${aws:PrincipalTag/team}/*'),
  )
  // Nobody signs it: the token says who asks.
  const anonymous = new sts.STSClient({
    endpoint: running.endpoint,
    region: 'us-east-1',
    maxAttempts: 1,
    credentials: { accessKeyId: '', secretAccessKey: '' },
  })
  const assume = (WebIdentityToken: string, arn = RoleArn) =>
    anonymous.send(
      new sts.AssumeRoleWithWebIdentityCommand({
        RoleArn: arn,
        RoleSessionName: 'web',
        WebIdentityToken,
      }),
    )
  const tags = { 'https://aws.amazon.com/tags': { principal_tags: { team: ['red'] } } }
  const answer = await assume(await issuer.token(tags))
  assert.equal(answer.SubjectFromWebIdentityToken, 'subject')
  assert.equal(answer.Audience, 'client')
  assert.equal(answer.Provider, Federated)
  const keys = keysOf(answer.Credentials)
  await put(keys, 'red/a')
  await fails(put(keys, 'blue/a'), /^AccessDenied$/, 403)
  await fails(s3Client(running, keys).send(new ListBucketsCommand({})), /^AccessDenied$/, 403)
  const before = issuer.fetches()
  await assume(await issuer.token())
  assert.equal(issuer.fetches(), before)
  await fails(assume(await issuer.token({ sub: 'somebody' })), /^AccessDenied$/, 403)
  // Without a token of the provider a role that is not there looks like one that is.
  const foreign = await issuer.token({ iss: 'http://127.0.0.1:1/other' })
  const expired = await issuer.token({ exp: 1 })
  for (const arn of [RoleArn, `${RoleArn}-missing`, RoleArn.replace(/::\d+:/, '::000000000000:')])
    await fails(assume(foreign, arn), /^InvalidIdentityToken/, 400)
  for (const arn of [RoleArn, `${RoleArn}-missing`])
    await fails(assume(expired, arn), /^ExpiredToken/, 400)
  await fails(assume(await issuer.token(), `${RoleArn}-missing`), /^AccessDenied$/, 403)
  await client.send(
    new iam.DeleteOpenIDConnectProviderCommand({ OpenIDConnectProviderArn: Federated }),
  )
  await fails(assume(await issuer.token()), /^InvalidIdentityToken/, 400)
})

test('what a root sends on is narrowed by the policy alone', async () => {
  const { Credentials } = await stsClient(running).send(
    new sts.GetFederationTokenCommand({
      Name: 'guest',
      Policy: allow('s3:PutObject', 'arn:aws:s3:::bucket/guest/*'),
    }),
  )
  const keys = keysOf(Credentials)
  await put(keys, 'guest/b')
  await fails(put(keys, 'b'), /^AccessDenied$/, 403)
})

test('a session ends with its role, also where another has the name again', async () => {
  const who = trust({ AWS: `arn:aws:iam::${account}:user/alice` })
  const RoleArn = await role('again', who, allow('s3:*'))
  const { Credentials } = await stsClient(running, user).send(
    new sts.AssumeRoleCommand({ RoleArn, RoleSessionName: 'job' }),
  )
  const keys = keysOf(Credentials)
  await put(keys, 'again')
  await client.send(new iam.DeleteRolePolicyCommand({ RoleName: 'again', PolicyName: 'p' }))
  await client.send(new iam.DeleteRoleCommand({ RoleName: 'again' }))
  await role('again', who, allow('s3:*'))
  await fails(put(keys, 'again'), /^InvalidToken$/, 400)
})

test('a policy revokes the sessions that were issued before a time, as AWS’s console does it', async () => {
  const who = trust({ AWS: `arn:aws:iam::${account}:user/alice` })
  const RoleArn = await role('revoked', who, allow('s3:*'))
  const { Credentials } = await stsClient(running, user).send(
    new sts.AssumeRoleCommand({ RoleArn, RoleSessionName: 'job' }),
  )
  const keys = keysOf(Credentials)
  const revoke = (time: string) =>
    client.send(
      new iam.PutRolePolicyCommand({
        RoleName: 'revoked',
        PolicyName: 'AWSRevokeOlderSessions',
        PolicyDocument: JSON.stringify({
          Version: '2012-10-17',
          Statement: {
            Effect: 'Deny',
            Action: '*',
            Resource: '*',
            Condition: { DateLessThan: { 'aws:TokenIssueTime': time } },
          },
        }),
      }),
    )
  await revoke('2020-01-01T00:00:00Z')
  await put(keys, 'revoked')
  await revoke('2199-01-01T00:00:00Z')
  await fails(put(keys, 'revoked'), /^AccessDenied$/, 403)
})

test('a session of a user asks for no other session and changes no IAM', async () => {
  await client.send(
    new iam.PutUserPolicyCommand({
      UserName: 'alice',
      PolicyName: 's3',
      PolicyDocument: allow(['iam:*', 'sts:*']),
    }),
  )
  const own = stsClient(running, user)
  const session = keysOf((await own.send(new sts.GetSessionTokenCommand({}))).Credentials)
  const guest = keysOf(
    (await own.send(new sts.GetFederationTokenCommand({ Name: 'guest', Policy: allow('*') })))
      .Credentials,
  )
  for (const keys of [session, guest]) {
    const asked = stsClient(running, keys)
    await asked.send(new sts.GetCallerIdentityCommand({}))
    await fails(asked.send(new sts.GetSessionTokenCommand({})), /^AccessDenied$/, 403)
    const lasting = new iam.CreateAccessKeyCommand({ UserName: 'alice' })
    await fails(iamClient(running, keys).send(lasting), /^AccessDenied$/, 403)
  }
})
