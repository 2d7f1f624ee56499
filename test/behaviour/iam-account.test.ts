// IAM of the account as a whole, as tools ask for it: everything at once, reports, aliases, and what nobody has here.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import * as iam from '@aws-sdk/client-iam'
import { ListBucketsCommand } from '@aws-sdk/client-s3'
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts'
import {
  allow,
  fails,
  iamClient,
  keysOf,
  rootKeys,
  s3Client,
  stsClient,
  trust,
} from '../iam-client.ts'
import { other, type Running, startInProcess, temporaryFolder } from '../server.ts'

let running: Running
let client: iam.IAMClient
before(async () => {
  running = await startInProcess()
  client = iamClient(running)
})
after(() => running.close())

const stranger = () =>
  iamClient(running, { accessKeyId: other.accessKeyId, secretAccessKey: other.secret })

test('an account has one alias, which is nobody else’s', async () => {
  const create = (AccountAlias: string, by = client) =>
    by.send(new iam.CreateAccountAliasCommand({ AccountAlias }))
  const aliases = async (by = client) =>
    (await by.send(new iam.ListAccountAliasesCommand({}))).AccountAliases
  assert.deepEqual(await aliases(), [])
  await create('the-garden')
  await create('the-meadow')
  assert.deepEqual(await aliases(), ['the-meadow'])
  const someone = stranger()
  await fails(create('the-meadow', someone), /^EntityAlreadyExists/, 409)
  await create('the-garden', someone)
  assert.deepEqual(await aliases(someone), ['the-garden'])
  for (const wrong of ['ab', 'Garden', '-ab', 'ab-', 'a--b', '123456789012', 'a'.repeat(64)])
    await fails(create(wrong), /^ValidationError/, 400)
  const remove = (AccountAlias: string) =>
    client.send(new iam.DeleteAccountAliasCommand({ AccountAlias }))
  await fails(remove('the-garden'), /^NoSuchEntity/, 404)
  await remove('the-meadow')
  assert.deepEqual(await aliases(), [])
})

test('what nobody has here is an empty list, or no such entity', async () => {
  const UserName = 'bare'
  await client.send(new iam.CreateUserCommand({ UserName }))
  const lists = async (name: string) => [
    (await client.send(new iam.ListMFADevicesCommand({ UserName: name }))).MFADevices,
    (await client.send(new iam.ListSigningCertificatesCommand({ UserName: name }))).Certificates,
    (await client.send(new iam.ListSSHPublicKeysCommand({ UserName: name }))).SSHPublicKeys,
    (await client.send(new iam.ListServiceSpecificCredentialsCommand({ UserName: name })))
      .ServiceSpecificCredentials,
    (await client.send(new iam.ListVirtualMFADevicesCommand({}))).VirtualMFADevices,
    (await client.send(new iam.ListInstanceProfilesCommand({}))).InstanceProfiles,
    (await client.send(new iam.ListSAMLProvidersCommand({}))).SAMLProviderList,
    (await client.send(new iam.ListServerCertificatesCommand({}))).ServerCertificateMetadataList,
  ]
  assert.deepEqual(
    await lists(UserName),
    Array.from({ length: 8 }, () => []),
  )
  await fails(lists('nobody'), /^NoSuchEntity/, 404)
  await fails(
    client.send(new iam.ListSSHPublicKeysCommand({ UserName: 'nobody' })),
    /^NoSuchEntity/,
    404,
  )
  for (const refused of [
    client.send(new iam.GetLoginProfileCommand({ UserName })),
    client.send(new iam.DeleteLoginProfileCommand({ UserName })),
    client.send(new iam.GetAccountPasswordPolicyCommand({})),
  ])
    await fails(refused, /^NoSuchEntity/, 404)
})

async function furnish(): Promise<void> {
  const PolicyDocument = allow('s3:GetObject')
  const made = await client.send(
    new iam.CreatePolicyCommand({ PolicyName: 'reads', PolicyDocument }),
  )
  const PolicyArn = made.Policy?.Arn
  await client.send(new iam.CreateGroupCommand({ GroupName: 'staff' }))
  await client.send(new iam.AttachGroupPolicyCommand({ GroupName: 'staff', PolicyArn }))
  for (const UserName of ['ann', 'ben'])
    await client.send(new iam.CreateUserCommand({ UserName, PermissionsBoundary: PolicyArn }))
  await client.send(new iam.AddUserToGroupCommand({ GroupName: 'staff', UserName: 'ann' }))
  const inline = { UserName: 'ann', PolicyName: 'own', PolicyDocument }
  await client.send(new iam.PutUserPolicyCommand(inline))
  const AssumeRolePolicyDocument = trust({ AWS: '*' })
  await client.send(new iam.CreateRoleCommand({ RoleName: 'guest', AssumeRolePolicyDocument }))
}

test('the details of the account are all there, page by page or at once', async () => {
  await furnish()
  const ask = (input: iam.GetAccountAuthorizationDetailsCommandInput = {}) =>
    client.send(new iam.GetAccountAuthorizationDetailsCommand(input))
  const all = await ask()
  assert.equal(all.IsTruncated, false)
  const ann = all.UserDetailList?.find(({ UserName }) => UserName === 'ann')
  assert.deepEqual(ann?.GroupList, ['staff'])
  assert.match(ann.PermissionsBoundary?.PermissionsBoundaryArn ?? '', /:policy\/reads$/)
  const [own] = ann.UserPolicyList ?? []
  assert.equal(decodeURIComponent(own?.PolicyDocument ?? ''), allow('s3:GetObject'))
  const [staff] = all.GroupDetailList ?? []
  assert.equal(staff?.AttachedManagedPolicies?.[0]?.PolicyName, 'reads')
  const [guest] = all.RoleDetailList ?? []
  assert.equal(decodeURIComponent(guest?.AssumeRolePolicyDocument ?? ''), trust({ AWS: '*' }))
  const reads = all.Policies?.find(({ PolicyName }) => PolicyName === 'reads')
  assert.equal(reads?.AttachmentCount, 1)
  assert.equal(reads.PolicyVersionList?.[0]?.IsDefaultVersion, true)

  const namesOf = (page: iam.GetAccountAuthorizationDetailsCommandOutput) => [
    ...(page.UserDetailList ?? []).map(({ Arn }) => Arn),
    ...(page.GroupDetailList ?? []).map(({ Arn }) => Arn),
    ...(page.RoleDetailList ?? []).map(({ Arn }) => Arn),
    ...(page.Policies ?? []).map(({ Arn }) => Arn),
  ]
  const ours = ['User', 'Group', 'Role', 'LocalManagedPolicy'] as const
  for (const MaxItems of [1, 2, 3]) {
    const names: unknown[] = []
    let Marker: string | undefined
    do {
      const page = await ask({ MaxItems, Marker, Filter: [...ours] })
      assert.ok(namesOf(page).length <= MaxItems)
      names.push(...namesOf(page))
      Marker = page.Marker
    } while (Marker !== undefined)
    assert.deepEqual(names, namesOf(await ask({ Filter: [...ours] })))
  }
  const builtin = await ask({ Filter: ['AWSManagedPolicy'] })
  assert.ok(builtin.Policies?.every(({ Arn = '' }) => Arn.startsWith('arn:aws:iam::aws:policy/')))
  for (const Marker of ['x', '9', ''])
    await fails(ask({ Marker: Buffer.from(Marker).toString('base64url') }), /^ValidationError/, 400)
})

test('a key’s last use is known at once, and not lost by a restart', async t => {
  const data = temporaryFolder()
  const first = await startInProcess({ data })
  const admin = iamClient(first)
  const UserName = 'user'
  await admin.send(new iam.CreateUserCommand({ UserName }))
  const keys = keysOf((await admin.send(new iam.CreateAccessKeyCommand({ UserName }))).AccessKey)
  const AccessKeyId = keys.accessKeyId
  const used = async (by: iam.IAMClient) =>
    (await by.send(new iam.GetAccessKeyLastUsedCommand({ AccessKeyId }))).AccessKeyLastUsed
  assert.deepEqual(await used(admin), { ServiceName: 'N/A', Region: 'N/A' })
  const wrong = s3Client(first, { ...keys, secretAccessKey: 'not-the-secret' })
  await assert.rejects(wrong.send(new ListBucketsCommand({})))
  assert.equal((await used(admin))?.ServiceName, 'N/A')
  // What is refused for want of rights was a use of the key.
  await assert.rejects(s3Client(first, keys).send(new ListBucketsCommand({})))
  assert.equal((await used(admin))?.ServiceName, 's3')
  await stsClient(first, keys).send(new GetCallerIdentityCommand({}))
  const last = await used(admin)
  assert.deepEqual([last?.ServiceName, last?.Region], ['sts', 'us-east-1'])
  await first.close()

  const second = await startInProcess({ data })
  t.after(() => second.close())
  const again = iamClient(second)
  assert.deepEqual(await used(again), last)
  await again.send(new iam.DeleteAccessKeyCommand({ UserName, AccessKeyId }))
  await fails(used(again), /^NoSuchEntity/, 404)
})

test('the credential report has a row for each user, and tells of more keys than it has room for', async () => {
  const UserName = 'many,keys'
  await client.send(new iam.CreateUserCommand({ UserName }))
  const ids: string[] = []
  for (let i = 0; i < 3; i++) {
    const made = await client.send(new iam.CreateAccessKeyCommand({ UserName }))
    ids.push(keysOf(made.AccessKey).accessKeyId)
  }
  const off = { UserName, AccessKeyId: ids[0], Status: 'Inactive' } as const
  await client.send(new iam.UpdateAccessKeyCommand(off))
  const started = await client.send(new iam.GenerateCredentialReportCommand({}))
  assert.equal(started.State, 'COMPLETE')
  const answer = await client.send(new iam.GetCredentialReportCommand({}))
  assert.equal(answer.ReportFormat, 'text/csv')
  const [head = '', ...rows] = Buffer.from(answer.Content ?? [])
    .toString()
    .split('\n')
  assert.match(
    head,
    /^user,arn,user_creation_time,password_enabled,.*,additional_credentials_info$/,
  )
  const root = rows.find(row => row.startsWith('<root_account>,')) ?? ''
  assert.equal(root.split(',').length, head.split(',').length)
  // It was used for this very request.
  assert.match(root, /,true,[^,]+,\d{4}-\d\d-\d\dT[^,]+\+00:00,us-east-1,iam,false,/)
  assert.match(root, /,not_supported,N\/A,not_supported,not_supported,false,true,/)
  const row = rows.find(text => text.startsWith('"many,keys",')) ?? ''
  assert.match(row, /,false,N\/A,N\/A,N\/A,false,true,/)
  assert.equal(row.match(/,true,/g)?.length, 2)
  assert.match(row, /,1 more access keys: use ListAccessKeys$/)
})

test('all of it takes its right', async () => {
  const UserName = 'nosy'
  await client.send(new iam.CreateUserCommand({ UserName }))
  const made = await client.send(new iam.CreateAccessKeyCommand({ UserName }))
  const nosy = iamClient(running, keysOf(made.AccessKey))
  for (const refused of [
    nosy.send(new iam.GetAccountAuthorizationDetailsCommand({})),
    nosy.send(new iam.GenerateCredentialReportCommand({})),
    nosy.send(new iam.GetCredentialReportCommand({})),
    nosy.send(new iam.CreateAccountAliasCommand({ AccountAlias: 'mine' })),
    nosy.send(new iam.DeleteAccountAliasCommand({ AccountAlias: 'mine' })),
    nosy.send(new iam.GetAccountPasswordPolicyCommand({})),
    nosy.send(new iam.GetLoginProfileCommand({ UserName: 'ann' })),
    nosy.send(new iam.ListMFADevicesCommand({ UserName: 'nobody' })),
    nosy.send(new iam.GetAccessKeyLastUsedCommand({ AccessKeyId: rootKeys.accessKeyId })),
  ])
    await fails(refused, /^AccessDenied/, 403)
})
