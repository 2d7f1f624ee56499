// What the commands of users, roles, keys and policies tell of what they found.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import * as iam from '@aws-sdk/client-iam'
import { keyOf, moongate, requireSaid } from '../command-line.ts'
import { allow, iamClient, trust } from '../iam-client.ts'
import { type Running, root, startInProcess, temporaryFolder } from '../server.ts'

let running: Running
let client: iam.IAMClient
before(async () => {
  running = await startInProcess()
  client = iamClient(running)
  await requireSaid(running, 'user create ann', /is made/)
})
after(() => running.close())

test('what is not attached is not taken away, and an inline policy is called one', async () => {
  const PolicyDocument = allow('s3:GetObject', '*')
  const inline = { UserName: 'ann', PolicyName: 'denyit', PolicyDocument }
  await client.send(new iam.PutUserPolicyCommand(inline))
  const way = 'moongate policy delete denyit --user ann'
  const words = new RegExp(`NoSuchEntity: denyit is an inline policy of user ann.*${way}`)
  await requireSaid(running, 'policy detach denyit --user ann', words, 1)
  const missing = /NoSuchEntity: Policy (\w+) is not attached to user ann/
  await requireSaid(running, 'policy detach nothing --user ann', missing, 1)
  await requireSaid(running, 'policy detach AmazonS3FullAccess --user ann', missing, 1)
  await requireSaid(running, 'policy attach ReadOnlyAccess --user ann', /is attached/)
  const PermissionsBoundary = 'arn:aws:iam::aws:policy/PowerUserAccess'
  const bounded = { UserName: 'ann', PermissionsBoundary }
  await client.send(new iam.PutUserPermissionsBoundaryCommand(bounded))
  const told = / {2}managed {2}ReadOnlyAccess\n {2}inline {3}denyit\n {2}boundary PowerUserAccess\n/
  await requireSaid(running, 'user info ann', told)
})

test('a policy that is not there is told by the name that was typed', async () => {
  const words = /NoSuchEntity: The policy with name nopolicy cannot be found\.\n$/
  for (const line of ['attach nopolicy --user ann', 'info nopolicy', 'delete nopolicy'])
    await requireSaid(running, `policy ${line}`, words, 1)
  const elsewhere = 'policy attach arn:aws:iam::aws:policy/nopolicy --user ann'
  await requireSaid(running, elsewhere, /NoSuchEntity: .*arn:aws:iam::aws:policy\/nopolicy/, 1)
})

test('how a role is made names the trust that it takes', async () => {
  await requireSaid(running, 'role create', /Usage: moongate role create NAME --trust FILE\./, 2)
  await requireSaid(running, 'role create --help', /Usage: .* role create NAME --trust FILE \[/)
})

test('a role shows who may assume it', async () => {
  const AssumeRolePolicyDocument = trust({ AWS: '*' })
  const role = { RoleName: 'reader', AssumeRolePolicyDocument }
  await client.send(new iam.CreateRoleCommand(role))
  await requireSaid(running, 'role info reader', / {2}trust\n\{[^]*"sts:AssumeRole"/)
  const { stdout } = await moongate(running, 'role info reader --json')
  const said = JSON.parse(stdout) as { trust: unknown; policies: { boundary?: unknown } }
  assert.equal(JSON.stringify(said.trust), JSON.stringify(JSON.parse(AssumeRolePolicyDocument)))
  assert.equal(said.policies.boundary, undefined)
})

test('an account that is not there is told', async () => {
  for (const what of ['user list', 'key list', 'policy list', 'user info ann'])
    await requireSaid(running, `${what} --account 12`, /InvalidInput: There is no account "12"/, 1)
})

test('a key that has expired is not called active, and whose a key is is told', async () => {
  const { accessKeyId } = await keyOf(running, 'ann')
  await requireSaid(running, `key expire ${accessKeyId} 30d`, /works until 20/)
  await requireSaid(running, 'key list ann', /Active {4}until 20[^ ]+ {2}never used\n$/)
  await requireSaid(running, 'key list', /Active {4}used 20[^ ]+Z\n$/)
  await requireSaid(running, `key expire ${accessKeyId} 2020-01-31`, /no longer works\.\n$/)
  await requireSaid(running, 'key list ann', /Expired {3}since 20/)
  await requireSaid(running, 'key list ann --json', /"status":"Expired"/)
  await requireSaid(running, `key disable ${accessKeyId}`, /is switched off/)
  await requireSaid(running, 'key list ann', /Inactive/)
  await requireSaid(running, `key enable ${accessKeyId}`, /is switched on, but it expired at 20/)
  await requireSaid(running, 'key create', /The key of the root of the account is made/)
  await requireSaid(running, 'key create --json', /"user":null,"holder":"root"/)
  await requireSaid(running, 'key create ann --expires 30d', /\nThe key ends at 20[^ ]+Z\.\n$/)
  await requireSaid(running, 'key create ann --json', /"user":"ann","holder":"user\/ann"/)
  await requireSaid(running, 'key list ann', /Active {36}never used\n/)
  const own = /root account's own key\. It is changed by moongate root-key rotate\.\n$/
  await requireSaid(running, `key disable ${root.accessKeyId}`, own, 1)
})

test('the audit log says what a change is about, and no question is one', async t => {
  const audit = join(temporaryFolder(), 'audit.log')
  const server = await startInProcess({ flags: { 'audit-log': audit } })
  t.after(() => server.close())
  await requireSaid(server, 'user create ann', /is made/)
  const { accessKeyId } = await keyOf(server, 'ann')
  for (const line of [
    'key create',
    `key disable ${accessKeyId}`,
    'policy attach AmazonS3FullAccess --user ann',
    'policy test GetObject bucket/a --user ann',
    'policy create mine --read bucket',
    'volume create /vol1',
    'bucket create /vol1/photos',
    'user list',
  ])
    await requireSaid(server, line, /./)
  await server.close()
  const lines = readFileSync(audit, 'utf8').trim().split('\n')
  const said = lines
    .map(line => JSON.parse(line) as { operation: string; subject?: string })
    .filter(({ operation }) => operation.startsWith('admin:'))
    .map(({ operation, subject }) => `${operation} ${subject}`)
  assert.deepEqual(said, [
    'admin:CreateUser ann',
    'admin:CreateKey ann',
    'admin:CreateKey root',
    `admin:UpdateKey ${accessKeyId}`,
    'admin:AttachUserPolicy ann',
    'admin:PutPolicy mine',
    'admin:CreateVolume vol1',
    'admin:CreateBucket photos',
  ])
})

test('policies that are built in are shown, and stay', async () => {
  const document = /AmazonS3FullAccess\n[^]*"Action": \[\s*"s3:\*"/
  await requireSaid(running, 'policy info AmazonS3FullAccess', document)
  await requireSaid(running, 'policy list', /^$/)
  await requireSaid(running, 'policy list --all', /^AdministratorAccess\nAmazonS3FullAccess\n/)
  await requireSaid(running, 'policy delete AmazonS3FullAccess', /is built in: every account/, 1)
})
