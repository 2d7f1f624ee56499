// A directory (Debian's slapd) and a provider of OpenID Connect, each for one test.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { type AddressInfo, connect, createServer as createSocketServer } from 'node:net'
import { join } from 'node:path'
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose'
import { temporaryFolder } from './server.ts'

const slapd = '/usr/sbin/slapd'
/** Why tests with a directory cannot run here; false: they can, or it is CI, where they must. */
export const noDirectory =
  existsSync(slapd) || process.env['CI'] === 'true'
    ? false
    : 'slapd is not installed (apt install slapd)'

const suffix = 'dc=example,dc=com'
export const directory = {
  base: `ou=people,${suffix}`,
  group_base: `ou=groups,${suffix}`,
  bind_dn: `cn=reader,${suffix}`,
  bind_password: 'the-readers-password',
} as const

const person = (name: string, password: string): string => `
dn: uid=${name},ou=people,${suffix}
objectClass: inetOrgPerson
uid: ${name}
cn: ${name}
sn: ${name}
userPassword: ${password}
`

const group = (name: string, members: readonly string[]): string => `
dn: cn=${name},ou=groups,${suffix}
objectClass: groupOfNames
cn: ${name}
${members.map(member => `member: uid=${member},ou=people,${suffix}`).join('\n')}
`

const entries = `
dn: ${suffix}
objectClass: dcObject
objectClass: organization
dc: example
o: Example

dn: ou=people,${suffix}
objectClass: organizationalUnit
ou: people

dn: ou=groups,${suffix}
objectClass: organizationalUnit
ou: groups

dn: ${directory.bind_dn}
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: reader
userPassword: ${directory.bind_password}
${person('ann', 'anns-password')}${person('bob', 'bobs-password')}
${group('storage', ['ann'])}${group('others', ['bob'])}`

const configuration = (folder: string): string => `
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
disallow bind_anon
database mdb
suffix "${suffix}"
rootdn "cn=admin,${suffix}"
directory "${join(folder, 'data')}"
access to attrs=userPassword by anonymous auth by * none
access to * by dn.base="${directory.bind_dn}" read by * none
`

function freePort(): Promise<number> {
  return new Promise(resolve => {
    const server = createSocketServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}

const answers = (port: number): Promise<boolean> =>
  new Promise(resolve => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })

export interface Directory {
  readonly url: string
  stop(): Promise<void>
}

export async function startDirectory(): Promise<Directory> {
  const folder = temporaryFolder()
  const file = join(folder, 'slapd.conf')
  mkdirSync(join(folder, 'data'))
  writeFileSync(file, configuration(folder))
  writeFileSync(join(folder, 'entries.ldif'), entries)
  execFileSync('/usr/sbin/slapadd', ['-f', file, '-l', join(folder, 'entries.ldif')])
  const port = await freePort()
  const url = `ldap://127.0.0.1:${port}`
  const child: ChildProcess = spawn(slapd, ['-h', url, '-f', file, '-d', '0'], { stdio: 'ignore' })
  const ended = new Promise<void>(resolve => child.once('exit', () => resolve()))
  process.once('exit', () => child.kill('SIGKILL'))
  for (let tries = 0; !(await answers(port)); tries++) {
    if (tries === 200 || child.exitCode !== null) throw new Error('slapd does not start')
    await new Promise(resolve => setTimeout(resolve, 50))
  }
  return {
    url,
    async stop() {
      child.kill('SIGTERM')
      await ended
    },
  }
}

export interface Provider {
  readonly issuer: string
  /** The key's public half, as anybody can fetch it. */
  readonly publicKey: CryptoKey
  /** A token of these claims, by the provider's own key unless another is given. */
  token(
    claims: JWTPayload,
    changes?: { readonly kid?: string; readonly key?: CryptoKey },
  ): Promise<string>
  close(): Promise<void>
}

/** It answers the two documents that a token is verified by. */
export async function startProvider(): Promise<Provider> {
  const { publicKey, privateKey } = await generateKeyPair('RS256')
  const jwk = { ...(await exportJWK(publicKey)), kid: 'one', alg: 'RS256', use: 'sig' }
  const server = createServer((request, response) => {
    const { port } = server.address() as AddressInfo
    const issuer = `http://127.0.0.1:${port}`
    const documents: Readonly<Record<string, object>> = {
      '/.well-known/openid-configuration': { issuer, jwks_uri: `${issuer}/keys` },
      '/keys': { keys: [jwk] },
    }
    const found = documents[request.url ?? '']
    response.writeHead(found === undefined ? 404 : 200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(found ?? {}))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', () => resolve()))
  const { port } = server.address() as AddressInfo
  return {
    issuer: `http://127.0.0.1:${port}`,
    publicKey,
    token: (claims, { kid = 'one', key = privateKey } = {}) =>
      new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid }).sign(key),
    close: () => new Promise(resolve => server.close(() => resolve())),
  }
}
