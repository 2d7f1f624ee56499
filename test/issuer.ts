// An OpenID Connect provider for tests: discovery, keys with a certificate, and tokens of every sort.

import { execFileSync } from 'node:child_process'
import { createHash, createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { SignJWT } from 'jose'
import { temporaryFolder } from './server.ts'

export interface Issuer {
  readonly url: string
  /** SHA-1 of its certificate, as IAM registers it. */
  readonly thumbprint: string
  /** The public key as PEM, as anybody can have it. */
  readonly publicKey: string
  /** How often its keys were fetched. */
  fetches(): number
  /** A token; `claims` over the usual ones (undefined leaves one out), `header` likewise. */
  token(claims?: Record<string, unknown>, header?: Record<string, unknown>): Promise<string>
  close(): Promise<void>
}

const kid = 'the-key'

export async function startIssuer(): Promise<Issuer> {
  const folder = temporaryFolder()
  const [keyFile, certFile] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const made = ['-nodes', '-keyout', keyFile, '-out', certFile, '-subj', '/CN=issuer']
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', ...made], { stdio: 'ignore' })
  const privateKey = createPrivateKey(readFileSync(keyFile))
  const certificate = new X509Certificate(readFileSync(certFile))
  const jwk = certificate.publicKey.export({ format: 'jwk' })
  let fetches = 0
  const server = createServer((request, response) => {
    const isDiscovery = request.url?.endsWith('/.well-known/openid-configuration') === true
    if (!isDiscovery) fetches += 1
    const keys = [
      { ...jwk, kid, alg: 'RS256', use: 'sig', x5c: [certificate.raw.toString('base64')] },
    ]
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(isDiscovery ? { issuer: url, jwks_uri: `${url}/keys` } : { keys }))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/realm`
  const now = Math.floor(Date.now() / 1000)
  const usual = { iss: url, sub: 'subject', aud: 'client', iat: now, exp: now + 3600 }
  return {
    url,
    thumbprint: createHash('sha1').update(certificate.raw).digest('hex'),
    publicKey: certificate.publicKey.export({ format: 'pem', type: 'spki' }).toString(),
    fetches: () => fetches,
    token: (claims = {}, header = {}) =>
      new SignJWT({ ...usual, ...claims })
        .setProtectedHeader({ alg: 'RS256', kid, ...header })
        .sign(privateKey),
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
