/** Why a server does not answer, for whoever called it. */

const words: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there. Is the server running?',
  ECONNRESET: 'it closed the connection',
  UND_ERR_SOCKET: 'it closed the connection',
  ETIMEDOUT: 'it does not answer',
  UND_ERR_CONNECT_TIMEOUT: 'it does not answer',
  UND_ERR_HEADERS_TIMEOUT: 'it does not answer',
  EHOSTUNREACH: 'there is no way to that host',
  ENETUNREACH: 'there is no way to that network',
  ENOTFOUND: 'there is no host of that name',
  EAI_AGAIN: 'its name cannot be looked up',
  ERR_INVALID_URL: 'that is no URL, as http://127.0.0.1:9000 is',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it speaks http, not https',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'nobody that is trusted here signed its certificate',
  SELF_SIGNED_CERT_IN_CHAIN: 'nobody that is trusted here signed its certificate',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'nobody that is trusted here signed its certificate',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is of another host',
}

/** What `fetch` failed of stands in its cause, and of a host with several addresses in one cause for each. */
export function unreachableReason(error: Error): string {
  const { cause = error } = error
  if (!(cause instanceof Error)) return error.message
  const code = 'code' in cause ? String(cause.code) : ''
  return words[code] ?? (cause.message || code || error.message)
}
