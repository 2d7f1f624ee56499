// What the commands of users, roles, keys and policies tell of what they found.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import * as iam from '@aws-sdk/client-iam'
import { moongate, requireSaid } from '../command-line.ts'
import { allow, iamClient, trust } from '../iam-client.ts'
import { type Running, startInProcess } from '../server.ts'

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
  const way = 'aws iam delete-user-policy --user-name ann --policy-name denyit'
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
