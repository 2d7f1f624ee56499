// 5b rows 29 and 31 at the admin API: administrators who sign in with tokens and passwords, and those who only try.

import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { test } from 'node:test'
import { exportSPKI, generateKeyPair, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose'
import { errorOf } from '../admin.ts'
import type { Answer } from '../client.ts'
import { directory, noDirectory, startDirectory, startProvider } from '../directory.ts'
import { type Running, runCommand, spawnServer, startInProcess } from '../server.ts'

const users = '/-/admin/v1/users'
const policies = { storage: ['AdministratorAccess'], others: ['AmazonS3ReadOnlyAccess', 'gone'] }

const show = (
  { client }: Pick<Running, 'client'>,
  authorization: string,
  more: Readonly<Record<string, string>> = {},
): Promise<Answer> => client.plain({ target: users, headers: { authorization, ...more } })

const basic = (name: string, password: string): string =>
  `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`

const failed = JSON.stringify({
  error: { code: 'SignInFailed', message: 'The sign-in failed.' },
})

/** The sign-in failed, and nothing more is said. */
function requireFailed({ status, text }: Answer, what: string): void {
  assert.equal(`${status} ${text}`, `401 ${failed}\n`, what)
}

test('row 29: tokens that a provider did not make, or made for others', async t => {
  const provider = await startProvider()
  t.after(() => provider.close())
  const { issuer } = provider
  const oidc = { issuer, client_id: 'moongate', claim: 'groups', policies }
  const running = await startInProcess({ file: { admin: { oidc } } })
  t.after(() => running.close())
  const now = Math.floor(Date.now() / 1000)
  const good: JWTPayload = {
    iss: issuer,
    aud: 'moongate',
    sub: 'ann',
    groups: ['staff', 'storage'],
    iat: now,
    exp: now + 600,
  }
  const without = (...names: readonly string[]) =>
    Object.fromEntries(Object.entries(good).filter(([name]) => !names.includes(name)))
  const bearer = (token: string) => show(running, `Bearer ${token}`)

  assert.equal((await bearer(await provider.token(good))).status, 200)
  const other = await bearer(await provider.token({ ...good, groups: ['others'] }))
  assert.equal(`${other.status} ${errorOf(other).code}`, '403 AccessDenied')
  const nobody = await bearer(await provider.token(without('groups')))
  assert.equal(`${nobody.status} ${errorOf(nobody).code}`, '403 AccessDenied')
  const inherited = await bearer(await provider.token({ ...good, groups: ['constructor'] }))
  assert.equal(inherited.status, 403)

  const stranger = await generateKeyPair('RS256')
  const secret = Buffer.from(await exportSPKI(provider.publicKey))
  const hs256 = new SignJWT(good).setProtectedHeader({ alg: 'HS256', kid: 'one' })
  const valid = await provider.token(good)
  const [head = '', , signature = ''] = valid.split('.')
  const edited = Buffer.from(JSON.stringify({ ...good, sub: 'root' })).toString('base64url')
  const bad: Readonly<Record<string, string>> = {
    'alg none': new UnsecuredJWT(good).encode(),
    'alg none with a signature': `${new UnsecuredJWT(good).encode()}${signature}`,
    'the public key as a secret': await hs256.sign(secret),
    expired: await provider.token({ ...good, exp: now - 120 }),
    'no end': await provider.token(without('exp')),
    'not yet': await provider.token({ ...good, nbf: now + 600 }),
    'another audience': await provider.token({ ...good, aud: 'another' }),
    'no audience': await provider.token(without('aud')),
    'another issuer': await provider.token({ ...good, iss: 'http://127.0.0.1:1' }),
    'another key': await provider.token(good, { key: stranger.privateKey }),
    edited: `${head}.${edited}.${signature}`,
  }
  for (const [what, token] of Object.entries(bad).slice(0, 8))
    requireFailed(await bearer(token), what)
  // The rest from another address, as so many failures are too many of one.
  const elsewhere = { 'x-forwarded-for': '203.0.113.7', 'x-forwarded-proto': 'https' }
  const rest = Object.entries(bad).slice(8)
  rest.push(['an unknown key', await provider.token(good, { kid: 'two' })])
  rest.push(['no token', 'nothing'], ['too long', 'x'.repeat(25_000)])
  for (const [what, token] of rest)
    requireFailed(await show(running, `Bearer ${token}`, elsewhere), what)
  const huge = await running.client
    .plain({ target: users, headers: { authorization: `Bearer ${'x'.repeat(2 ** 20)}` } })
    .then(({ status }) => status)
    .catch(() => 431)
  assert.equal(huge, 431)
})

test('row 29: a token is refused where others could read it, or where none is configured', async t => {
  const provider = await startProvider()
  t.after(() => provider.close())
  const { issuer } = provider
  const oidc = { issuer, client_id: 'moongate', policies }
  const running = await startInProcess({ file: { admin: { oidc } } })
  t.after(() => running.close())
  const exp = Math.floor(Date.now() / 1000) + 600
  const token = await provider.token({
    iss: issuer,
    aud: 'moongate',
    sub: 'ann',
    exp,
    groups: 'storage',
  })
  const through = await show(running, `Bearer ${token}`, { 'x-forwarded-for': '203.0.113.7' })
  assert.equal(through.status, 401)
  assert.match(errorOf(through).message, /over https only/)
  const encrypted = { 'x-forwarded-for': '203.0.113.7', 'x-forwarded-proto': 'https' }
  assert.equal((await show(running, `Bearer ${token}`, encrypted)).status, 200)
  requireFailed(await show(running, basic('ann', 'anns-password')), 'no directory')

  const made = await running.client.plain({
    method: 'PUT',
    target: `${users}/eve`,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ displayName: 'Eve' }),
  })
  assert.equal(made.status, 201)
  const none = await startInProcess()
  t.after(() => none.close())
  requireFailed(await show(none, `Bearer ${token}`), 'no provider')
  // For S3 itself a token is nothing.
  const s3 = await running.client.plain({
    target: '/bucket',
    headers: { authorization: `Bearer ${token}` },
  })
  assert.equal(`${s3.status} ${s3.code}`, '403 AccessDenied')
})

test('row 31: names and passwords of a directory', { skip: noDirectory }, async t => {
  const slapd = await startDirectory()
  t.after(() => slapd.stop())
  const ldap = { url: slapd.url, ...directory, policies }
  const running = await startInProcess({ file: { admin: { ldap } } })
  t.after(() => running.close())

  assert.equal((await show(running, basic('ann', 'anns-password'))).status, 200)
  const bob = await show(running, basic('bob', 'bobs-password'))
  assert.equal(`${bob.status} ${errorOf(bob).code}`, '403 AccessDenied')
  const wrong: readonly (readonly [string, string])[] = [
    ['ann', 'wrong'],
    ['nobody', 'wrong'],
    ['ann', ''],
    ['', 'anns-password'],
    ['*', 'anns-password'],
    ['a*', 'anns-password'],
    ['ann)(uid=*', 'anns-password'],
    ['*)(|(uid=*', 'anns-password'],
    ['ann\\00', 'anns-password'],
    ['uid=ann', 'anns-password'],
  ]
  for (const [name, password] of wrong)
    requireFailed(await show(running, basic(name, password)), `${name} ${password}`)
  requireFailed(await show(running, 'Basic !!!'), 'no base64')
  assert.equal((await show(running, basic('ann', 'anns-password'))).status, 200)

  const env = { MOONGATE_ENDPOINT: running.endpoint, MOONGATE_USERNAME: 'ann' }
  const signedIn = async (password: string) =>
    runCommand(['user', 'create', 'eve'], {
      keys: false,
      env: { ...env, MOONGATE_PASSWORD: password },
    })
  assert.match((await signedIn('anns-password')).stdout, /User eve is made/)
  assert.match((await signedIn('wrong')).stderr, /SignInFailed: The sign-in failed\./)
})

test('row 31: 100 bad sign-ins at once', { skip: noDirectory }, async t => {
  const slapd = await startDirectory()
  t.after(() => slapd.stop())
  const ldap = { url: slapd.url, ...directory, policies }
  const running = await startInProcess({ file: { admin: { ldap } } })
  t.after(() => running.close())
  for (const name of ['ann', 'nobody']) {
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, i) => show(running, basic(name, hash('md5', String(i))))),
    )
    const refusals = answers.filter(({ status }) => status === 401)
    const tooMany = answers.filter(({ status }) => status === 429)
    assert.equal(refusals.length + tooMany.length, 100)
    assert.equal(refusals.length, 10)
    for (const answer of refusals) requireFailed(answer, name)
    for (const answer of tooMany) {
      assert.equal(errorOf(answer).code, 'TooManyAttempts')
      assert.match(answer.headers['retry-after'] ?? '', /^(?:[1-9]|[1-5]\d|60)$/)
    }
    // Guessing stops, also when the guess would be right.
    assert.equal((await show(running, basic('ann', 'anns-password'))).status, 429)
  }
  // Whoever has a key is not concerned.
  assert.equal((await running.client.get(users)).status, 200)
})

test('row 31: ten bad sign-ins are enough, whichever workers they come to', async () => {
  const server = await spawnServer({ args: ['--workers', '3'] })
  const answers = await Promise.all(
    Array.from({ length: 90 }, (_, i) => show(server, basic('ann', String(i)))),
  )
  const statuses = answers.map(({ status }) => status)
  assert.equal(statuses.filter(status => status === 401).length, 10)
  assert.equal(statuses.filter(status => status === 429).length, 80)
  assert.equal(await server.stop(), 0)
})

test('a directory that cannot be asked is told as that', async t => {
  const ldap = { url: 'ldap://127.0.0.1:1', base: 'dc=example,dc=com', policies }
  const running = await startInProcess({ file: { admin: { ldap } } })
  t.after(() => running.close())
  const answer = await show(running, basic('ann', 'anns-password'))
  assert.equal(`${answer.status} ${errorOf(answer).code}`, '503 ServiceUnavailable')
})

test('an unsafe or unknown way to sign in is refused at the start', async () => {
  const oidc = { issuer: 'https://id.example.com', client_id: 'moongate', policies }
  const ldap = { url: 'ldaps://ldap.example.com', base: 'dc=example', policies }
  const wrong: readonly (readonly [object, RegExp])[] = [
    [{ oidc: { ...oidc, issuer: 'http://id.example.com' } }, /admin\.oidc\.issuer must be .*https/],
    [{ oidc: { ...oidc, secret: 'x' } }, /admin\.oidc\.secret must be one of/],
    [{ oidc: { ...oidc, policies: ['x'] } }, /admin\.oidc\.policies must be a table/],
    [{ ldap: { ...ldap, url: 'ldap://ldap.example.com' } }, /admin\.ldap\.url must be .*ldaps/],
    [{ ldap: { ...ldap, bind_dn: 'cn=x' } }, /bind_dn must be there together/],
    [{ saml: {} }, /admin\.saml must be one of oidc, ldap/],
  ]
  for (const [admin, words] of wrong)
    await assert.rejects(startInProcess({ file: { admin } }), words)
})
