// The calls that Terraform's provider of AWS makes for what it looks after, in its order. docs/clients/terraform.md has
// the configuration that was run.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import * as iam from '@aws-sdk/client-iam'
import * as s3 from '@aws-sdk/client-s3'
import { allow, fails, iamClient, keysOf, s3Client, trust } from '../iam-client.ts'
import { type Running, startInProcess } from '../server.ts'

let running: Running
let client: iam.IAMClient
let buckets: s3.S3Client
before(async () => {
  running = await startInProcess()
  client = iamClient(running)
  buckets = s3Client(running)
})
after(() => running.close())

const Bucket = 'garden'

/** What the provider reads of a bucket each time, and takes for "nothing is set". */
async function readBucket(): Promise<Record<string, unknown>> {
  const target = { Bucket }
  await buckets.send(new s3.HeadBucketCommand(target))
  const missing: readonly (readonly [Promise<unknown>, RegExp])[] = [
    [buckets.send(new s3.GetBucketCorsCommand(target)), /^NoSuchCORSConfiguration$/],
    [buckets.send(new s3.GetBucketWebsiteCommand(target)), /^NoSuchWebsiteConfiguration$/],
    [
      buckets.send(new s3.GetBucketLifecycleConfigurationCommand(target)),
      /^NoSuchLifecycleConfiguration$/,
    ],
    [
      buckets.send(new s3.GetBucketReplicationCommand(target)),
      /^ReplicationConfigurationNotFoundError$/,
    ],
    [
      buckets.send(new s3.GetBucketEncryptionCommand(target)),
      /^ServerSideEncryptionConfigurationNotFoundError$/,
    ],
    [
      buckets.send(new s3.GetObjectLockConfigurationCommand(target)),
      /^ObjectLockConfigurationNotFoundError$/,
    ],
  ]
  for (const [asked, name] of missing) await fails(asked, name, 404)
  const accelerated = await buckets.send(new s3.GetBucketAccelerateConfigurationCommand(target))
  const logging = await buckets.send(new s3.GetBucketLoggingCommand(target))
  const payment = await buckets.send(new s3.GetBucketRequestPaymentCommand(target))
  const acl = await buckets.send(new s3.GetBucketAclCommand(target))
  const versioning = await buckets.send(new s3.GetBucketVersioningCommand(target))
  const tags = await buckets.send(new s3.GetBucketTaggingCommand(target))
  return {
    accelerated: accelerated.Status,
    logging: logging.LoggingEnabled,
    payer: payment.Payer,
    grants: acl.Grants?.map(({ Permission }) => Permission),
    versioning: versioning.Status,
    tags: tags.TagSet,
  }
}

test('a bucket: made with its tags, read, furnished, read again, deleted with all versions', async () => {
  const Tags = [{ Key: 'team', Value: 'green' }]
  await buckets.send(new s3.CreateBucketCommand({ Bucket, CreateBucketConfiguration: { Tags } }))
  const bare = {
    accelerated: undefined,
    logging: undefined,
    payer: 'BucketOwner',
    grants: ['FULL_CONTROL'],
    versioning: undefined,
    tags: Tags,
  }
  assert.deepEqual(await readBucket(), bare)
  await fails(buckets.send(new s3.GetBucketPolicyCommand({ Bucket })), /^NoSuchBucketPolicy$/, 404)
  const Rules = [{ ObjectOwnership: 'BucketOwnerPreferred' }] as const
  await buckets.send(
    new s3.PutBucketOwnershipControlsCommand({ Bucket, OwnershipControls: { Rules: [...Rules] } }),
  )
  await buckets.send(new s3.PutBucketAclCommand({ Bucket, ACL: 'private' }))
  const VersioningConfiguration = { Status: 'Enabled' } as const
  await buckets.send(new s3.PutBucketVersioningCommand({ Bucket, VersioningConfiguration }))
  assert.deepEqual(await readBucket(), { ...bare, versioning: 'Enabled' })
  for (const Body of ['one', 'two'])
    await buckets.send(new s3.PutObjectCommand({ Bucket, Key: 'rose', Body }))
  await buckets.send(new s3.DeleteObjectCommand({ Bucket, Key: 'rose' }))
  await fails(buckets.send(new s3.DeleteBucketCommand({ Bucket })), /^BucketNotEmpty$/, 409)
  const found = await buckets.send(new s3.ListObjectVersionsCommand({ Bucket }))
  const Objects = [...(found.Versions ?? []), ...(found.DeleteMarkers ?? [])].map(
    ({ Key, VersionId }) => ({ Key, VersionId }),
  )
  assert.equal(Objects.length, 3)
  await buckets.send(new s3.DeleteObjectsCommand({ Bucket, Delete: { Objects } }))
  await buckets.send(new s3.DeleteBucketCommand({ Bucket }))
})

test('a user goes with all that it has: what the provider looks for is told or told to be none', async () => {
  const UserName = 'alice'
  await client.send(new iam.CreateUserCommand({ UserName, Path: '/people/' }))
  const made = await client.send(new iam.CreateAccessKeyCommand({ UserName }))
  await fails(client.send(new iam.DeleteUserCommand({ UserName })), /^DeleteConflict/, 409)
  const groups = await client.send(new iam.ListGroupsForUserCommand({ UserName }))
  assert.deepEqual(groups.Groups, [])
  const keys = await client.send(new iam.ListAccessKeysCommand({ UserName }))
  const { accessKeyId: AccessKeyId } = keysOf(made.AccessKey)
  assert.deepEqual(
    keys.AccessKeyMetadata?.map(key => key.AccessKeyId),
    [AccessKeyId],
  )
  await client.send(new iam.DeleteAccessKeyCommand({ UserName, AccessKeyId }))
  await client.send(new iam.ListSSHPublicKeysCommand({ UserName }))
  await client.send(new iam.ListVirtualMFADevicesCommand({ AssignmentStatus: 'Assigned' }))
  await client.send(new iam.ListMFADevicesCommand({ UserName }))
  await fails(client.send(new iam.DeleteLoginProfileCommand({ UserName })), /^NoSuchEntity/, 404)
  await client.send(new iam.ListSigningCertificatesCommand({ UserName }))
  await client.send(new iam.ListServiceSpecificCredentialsCommand({ UserName }))
  await client.send(new iam.DeleteUserCommand({ UserName }))
})

test('a role goes with its policies, and no machine has it', async () => {
  const RoleName = 'reader'
  const AssumeRolePolicyDocument = trust({ AWS: '*' })
  await client.send(new iam.CreateRoleCommand({ RoleName, AssumeRolePolicyDocument }))
  const inline = { RoleName, PolicyName: 'read', PolicyDocument: allow('s3:GetObject') }
  await client.send(new iam.PutRolePolicyCommand(inline))
  const profiles = await client.send(new iam.ListInstanceProfilesForRoleCommand({ RoleName }))
  assert.deepEqual(profiles.InstanceProfiles, [])
  const attached = await client.send(new iam.ListAttachedRolePoliciesCommand({ RoleName }))
  assert.deepEqual(attached.AttachedPolicies, [])
  const { PolicyNames } = await client.send(new iam.ListRolePoliciesCommand({ RoleName }))
  assert.deepEqual(PolicyNames, ['read'])
  await client.send(new iam.DeleteRolePolicyCommand({ RoleName, PolicyName: 'read' }))
  await client.send(new iam.DeleteRoleCommand({ RoleName }))
})

test('S3 Control is no bucket: its own form says that it is not there, and the provider asks S3', async () => {
  const target = '/v20180820/tags/arn%3Aaws%3As3%3A%3A%3Abucket'
  const headers = { 'x-amz-account-id': '123456789012' }
  for (const method of ['GET', 'POST', 'DELETE']) {
    const answer = await running.client.send({ method, target, headers })
    assert.equal(answer.status, 405)
    assert.match(answer.text, /<ErrorResponse><Error><Code>MethodNotAllowed<\/Code>/)
  }
  assert.equal((await running.client.get(target)).code, 'NoSuchBucket')
})
