// Policies of resources mean the users and roles that they named when they were put, and nobody who has the name later.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import * as iam from '@aws-sdk/client-iam'
import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import * as sts from '@aws-sdk/client-sts'
import { admin } from '../admin.ts'
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
let account: iam.IAMClient
let number: string
let stranger: Keys
before(async () => {
  running = await startInProcess()
  await running.client.put('/bucket/key', 'x')
  account = iamClient(running)
  number = (await stsClient(running).send(new sts.GetCallerIdentityCommand({}))).Account ?? ''
  await account.send(new iam.CreateUserCommand({ UserName: 'assumer' }))
  stranger = await newKey('assumer')
})
after(() => running.close())

async function newKey(UserName: string): Promise<Keys> {
  const { AccessKey } = await account.send(new iam.CreateAccessKeyCommand({ UserName }))
  return keysOf(AccessKey)
}

async function newUser(UserName: string): Promise<Keys> {
  await account.send(new iam.CreateUserCommand({ UserName }))
  return newKey(UserName)
}

async function dropUser(UserName: string, { accessKeyId }: Keys) {
  await account.send(new iam.DeleteAccessKeyCommand({ UserName, AccessKeyId: accessKeyId }))
  await account.send(new iam.DeleteUserCommand({ UserName }))
}

const arn = (what: string) => `arn:aws:iam::${number}:${what}`
const document = (principal: object, bucket = 'bucket') => ({
  Version: '2012-10-17',
  Statement: {
    Effect: 'Allow',
    Principal: principal,
    Action: 's3:GetObject',
    Resource: `arn:aws:s3:::${bucket}/*`,
  },
})
const put = (principal: object) =>
  running.client.document('PUT', '/bucket?policy', JSON.stringify(document(principal)))
async function open(principal: object) {
  const { status, text } = await put(principal)
  assert.equal(status, 204, text)
}
const read = (client: S3Client, Bucket = 'bucket') =>
  client.send(new GetObjectCommand({ Bucket, Key: 'key' }))
const reads = async (keys: Keys, Bucket?: string) => {
  const { $metadata } = await read(s3Client(running, keys), Bucket)
  assert.equal($metadata.httpStatusCode, 200)
}
const denied = (keys: Keys, Bucket?: string) =>
  fails(read(s3Client(running, keys), Bucket), /^AccessDenied$/, 403)

const assume = (RoleArn: string, RoleSessionName = 'job', keys = stranger) =>
  stsClient(running, keys).send(new sts.AssumeRoleCommand({ RoleArn, RoleSessionName }))

test('a bucket policy does not go on for another user of the same name', async () => {
  const ann = await newUser('ann')
  await denied(ann)
  await open({ AWS: arn('user/ann') })
  await reads(ann)
  await dropUser('ann', ann)
  const another = await newUser('ann')
  await denied(another)
  await open({ AWS: arn('user/ann') })
  await reads(another)
  // Whom it means stays who it is, whatever the name.
  await account.send(new iam.UpdateUserCommand({ UserName: 'ann', NewUserName: 'anna' }))
  await reads(another)
  await denied(await newUser('ann'))
})

test('nor for the sessions of another role of the same name', async () => {
  const role = { RoleName: 'reader', AssumeRolePolicyDocument: trust({ AWS: arn('user/assumer') }) }
  const make = () => account.send(new iam.CreateRoleCommand(role))
  const session = async (name?: string) =>
    keysOf((await assume(arn('role/reader'), name)).Credentials)
  for (const principal of [arn('role/reader'), `arn:aws:sts::${number}:assumed-role/reader/job`]) {
    await make()
    await open({ AWS: principal })
    await reads(await session())
    if (principal.includes(':sts:')) await denied(await session('other'))
    await account.send(new iam.DeleteRoleCommand({ RoleName: 'reader' }))
    await make()
    await denied(await session())
    await open({ AWS: principal })
    await reads(await session())
    await account.send(new iam.DeleteRoleCommand({ RoleName: 'reader' }))
  }
})

test('a role is not trusted to another user of the same name', async () => {
  const bob = await newUser('bob')
  const AssumeRolePolicyDocument = trust({ AWS: arn('user/bob') })
  await account.send(new iam.CreateRoleCommand({ RoleName: 'bobs', AssumeRolePolicyDocument }))
  await assume(arn('role/bobs'), 'job', bob)
  await dropUser('bob', bob)
  const another = await newUser('bob')
  await fails(assume(arn('role/bobs'), 'job', another), /^AccessDenied$/, 403)
  await account.send(
    new iam.UpdateAssumeRolePolicyCommand({
      RoleName: 'bobs',
      PolicyDocument: AssumeRolePolicyDocument,
    }),
  )
  await assume(arn('role/bobs'), 'job', another)
})

test('a link lets nobody else of the same name through', async () => {
  const { client } = running
  const owner = iamClient(running, {
    accessKeyId: other.accessKeyId,
    secretAccessKey: other.secret,
  })
  const join = async () => {
    const { User } = await owner.send(new iam.CreateUserCommand({ UserName: 'cid' }))
    const policy = { PolicyName: 'all', PolicyDocument: allow('s3:*') }
    await owner.send(new iam.PutUserPolicyCommand({ UserName: 'cid', ...policy }))
    const { AccessKey } = await owner.send(new iam.CreateAccessKeyCommand({ UserName: 'cid' }))
    return { arn: User?.Arn ?? '', keys: keysOf(AccessKey) }
  }
  const cid = await join()
  const way = { sourceVolume: 's3v', sourceBucket: 'bucket' }
  assert.equal((await admin(client, 'PUT', '/volumes/-/links/way', way)).status, 201)
  const path = '/volumes/-/links/way/policy'
  const putLink = (AWS: string) =>
    admin(client, 'PUT', path, { document: document({ AWS }, 'way') })
  await open({ AWS: cid.arn.replace('user/cid', 'root') })
  assert.equal((await putLink(cid.arn)).status, 204)
  await reads(cid.keys, 'way')
  const { accessKeyId: AccessKeyId } = cid.keys
  await owner.send(new iam.DeleteAccessKeyCommand({ UserName: 'cid', AccessKeyId }))
  await owner.send(new iam.DeleteUserPolicyCommand({ UserName: 'cid', PolicyName: 'all' }))
  await owner.send(new iam.DeleteUserCommand({ UserName: 'cid' }))
  const another = await join()
  assert.equal(another.arn, cid.arn)
  await reads(another.keys)
  await denied(another.keys, 'way')
  const nobody = await putLink(`${cid.arn}2`)
  assert.equal(nobody.status, 400)
  assert.match(nobody.text, /MalformedPolicy.*Invalid principal in policy/s)
})

test('who is not there cannot be named', async () => {
  const unknown = [
    { AWS: arn('user/nobody') },
    { AWS: arn('user/other/path/assumer') },
    { AWS: arn('user/ASSUMER') },
    { AWS: arn('role/assumer') },
    { AWS: `arn:aws:sts::${number}:assumed-role/none/job` },
    { AWS: 'arn:aws:iam::000000000001:root' },
    { AWS: '000000000001' },
    { AWS: 'arn:aws:iam::000000000001:user/ann' },
    { AWS: 'arn:aws:iam:::user/nobody' },
    { CanonicalUser: '0'.repeat(64) },
  ]
  for (const principal of unknown) {
    const { status, code, text } = await put(principal)
    assert.deepEqual([status, code], [400, 'MalformedPolicy'], JSON.stringify(principal))
    assert.match(text, /Invalid principal in policy/)
    const role = { RoleName: 'vain', AssumeRolePolicyDocument: trust(principal) }
    await fails(
      account.send(new iam.CreateRoleCommand(role)),
      /^MalformedPolicyDocument(Exception)?$/,
      400,
    )
  }
  for (const principal of [{ AWS: number }, { AWS: arn('root') }, { AWS: arn('user/assumer') }])
    await open(principal)
})
