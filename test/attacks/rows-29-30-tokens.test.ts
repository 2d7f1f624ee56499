// Tokens that are not what they say: of identity providers (29), and of our own sessions (30).

import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { after, before, test } from 'node:test'
import * as iam from '@aws-sdk/client-iam'
import { ListBucketsCommand } from '@aws-sdk/client-s3'
import * as sts from '@aws-sdk/client-sts'
import { allow, iamClient, type Keys, keysOf, s3Client, stsClient, trust } from '../iam-client.ts'
import { type Issuer, startIssuer } from '../issuer.ts'
import { type Running, startInProcess } from '../server.ts'

let running: Running
let issuer: Issuer
let stranger: Issuer
let RoleArn: string
let session: Keys
before(async () => {
  running = await startInProcess()
  issuer = await startIssuer()
  stranger = await startIssuer()
  const client = iamClient(running)
  const provider = await client.send(
    new iam.CreateOpenIDConnectProviderCommand({
      Url: issuer.url,
      ClientIDList: ['client'],
      ThumbprintList: [issuer.thumbprint],
    }),
  )
  const Federated = provider.OpenIDConnectProviderArn ?? ''
  const made = await client.send(
    new iam.CreateRoleCommand({
      RoleName: 'web',
      AssumeRolePolicyDocument: trust({ Federated }, undefined, ['sts:AssumeRoleWithWebIdentity']),
    }),
  )
  RoleArn = made.Role?.Arn ?? ''
  const PolicyDocument = allow('s3:*')
  await client.send(
    new iam.PutRolePolicyCommand({ RoleName: 'web', PolicyName: 'p', PolicyDocument }),
  )
  session = keysOf((await assume(await issuer.token())).Credentials)
})
after(async () => {
  await running.close()
  await issuer.close()
  await stranger.close()
})

const assume = (WebIdentityToken: string) =>
  stsClient(running).send(
    new sts.AssumeRoleWithWebIdentityCommand({ RoleArn, RoleSessionName: 'web', WebIdentityToken }),
  )

const base64 = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
const past = () => Math.floor(Date.now() / 1000) - 3600

/** The claims of a good token under a header and signature of somebody's choice. */
async function forged(header: object, sign: (text: string) => string): Promise<string> {
  const [, claims = ''] = (await issuer.token()).split('.')
  const text = `${base64(header)}.${claims}`
  return `${text}.${sign(text)}`
}

const tokens: Readonly<
  Record<string, readonly [token: () => Promise<string> | string, code: RegExp]>
> = {
  'without a signature, alg none': [
    () => forged({ alg: 'none' }, () => ''),
    /^InvalidIdentityToken/,
  ],
  'alg None, in another case': [
    () => forged({ alg: 'nOnE', kid: 'the-key' }, () => ''),
    /^InvalidIdentityToken/,
  ],
  'signed with the public key as if it were a secret': [
    () =>
      forged({ alg: 'HS256', kid: 'the-key' }, text =>
        createHmac('sha256', issuer.publicKey).update(text).digest('base64url'),
      ),
    /^InvalidIdentityToken/,
  ],
  'signed with an empty secret': [
    () =>
      forged({ alg: 'HS256', kid: 'the-key' }, text =>
        createHmac('sha256', '').update(text).digest('base64url'),
      ),
    /^InvalidIdentityToken/,
  ],
  'with the key in its own header': [
    () => stranger.token({ iss: issuer.url }, { jwk: { kty: 'RSA' }, jku: `${stranger.url}/keys` }),
    /^InvalidIdentityToken/,
  ],
  'of another provider that says it is this one': [
    () => stranger.token({ iss: issuer.url }),
    /^InvalidIdentityToken/,
  ],
  'of a provider that nobody registered': [() => stranger.token(), /^InvalidIdentityToken/],
  'of an issuer that differs in its end': [
    () => issuer.token({ iss: `${issuer.url}x` }),
    /^InvalidIdentityToken/,
  ],
  'for another audience': [() => issuer.token({ aud: 'somebody' }), /^InvalidIdentityToken/],
  'for no audience': [() => issuer.token({ aud: undefined }), /^InvalidIdentityToken/],
  expired: [() => issuer.token({ exp: past() }), /^ExpiredToken/],
  'that never expires': [() => issuer.token({ exp: undefined }), /^InvalidIdentityToken/],
  'not valid yet': [() => issuer.token({ nbf: past() + 7200 }), /^InvalidIdentityToken/],
  'by an unknown key': [() => issuer.token({}, { kid: 'another' }), /^InvalidIdentityToken/],
  'edited after it was signed': [
    async () => {
      const [header, , signature] = (await issuer.token()).split('.')
      const claims = { iss: issuer.url, sub: 'admin', aud: 'client', exp: past() + 7200 }
      return `${header}.${base64(claims)}.${signature}`
    },
    /^InvalidIdentityToken/,
  ],
  'that is none': [() => 'abcdef', /^InvalidIdentityToken/],
  'of 100 KB': [() => issuer.token({ pad: 'x'.repeat(100_000) }), /^ValidationError/],
  'of 1 MB': [() => issuer.token({ pad: 'x'.repeat(1_000_000) }), /^ValidationError/],
}
for (const [what, [token, code]] of Object.entries(tokens)) {
  test(`row 29: a token ${what}`, async () => {
    const made = await token()
    await assert.rejects(assume(made), (error: Error) => {
      assert.match(error.name, code)
      assert.ok(!error.message.includes(made.slice(0, 100)))
      return true
    })
  })
}

const list = (keys: Keys) => s3Client(running, keys).send(new ListBucketsCommand({}))

test('row 30: a session token that is missing, of another key, edited or too long', async () => {
  await list(session)
  const another = keysOf((await assume(await issuer.token())).Credentials)
  const token = session.sessionToken ?? ''
  const middle = token.length >> 1
  const flipped = `${token.slice(0, middle)}${token[middle] === 'A' ? 'B' : 'A'}${token.slice(middle + 1)}`
  const refusals: readonly (readonly [Keys, RegExp])[] = [
    [{ ...session, sessionToken: undefined }, /^InvalidAccessKeyId$/],
    [{ ...session, sessionToken: another.sessionToken }, /^InvalidToken$/],
    [{ ...another, sessionToken: token }, /^InvalidToken$/],
    [{ ...session, sessionToken: flipped }, /^InvalidToken$/],
    [{ ...session, sessionToken: token.slice(0, -1) }, /^InvalidToken$/],
    [{ ...session, sessionToken: 'x' }, /^InvalidToken$/],
    [{ ...session, sessionToken: 'x'.repeat(10_000) }, /^InvalidToken$/],
    [{ ...session, secretAccessKey: another.secretAccessKey }, /^SignatureDoesNotMatch$/],
  ]
  for (const [keys, code] of refusals) {
    await assert.rejects(list(keys), (error: Error) => code.test(error.name))
    await assert.rejects(stsClient(running, keys).send(new sts.GetCallerIdentityCommand({})))
  }
  await list(session)
})

test('row 30: a long-lived key does not take a token along', async () => {
  const keys = { accessKeyId: 'TESTROOTKEY0', secretAccessKey: 'a-secret-of-the-root-for-tests' }
  await assert.rejects(list({ ...keys, sessionToken: session.sessionToken }), /InvalidToken|token/)
})

test('row 30: a session makes no session that may more', async () => {
  const own = stsClient(running, session)
  await assert.rejects(own.send(new sts.GetSessionTokenCommand({})), { name: 'AccessDenied' })
  const federation = new sts.GetFederationTokenCommand({ Name: 'guest', Policy: allow('*') })
  await assert.rejects(own.send(federation), { name: 'AccessDenied' })
  await assert.rejects(own.send(new sts.AssumeRoleCommand({ RoleArn, RoleSessionName: 'again' })), {
    name: 'AccessDenied',
  })
})
