/** The server's certificate: read at start, read again when its files change or when told to. */
import { readFileSync, unwatchFile, watchFile } from 'node:fs'
import { createSecureContext } from 'node:tls'
import type { Log } from '../ports/log.ts'
import { type Config, ConfigError } from './config.ts'
import type { Certificate } from './serving.ts'

/** Polling also sees files that are replaced through links, as containers' secrets are. */
const pollMs = 2000

/** Undefined where none is configured. Throws {@link ConfigError} for files that cannot be read or do not fit. */
export function readCertificate(config: Config): Certificate | undefined {
  const { tlsCert, tlsKey } = config
  if (tlsCert === undefined || tlsKey === undefined) return undefined
  try {
    const tls = { cert: readFileSync(tlsCert, 'utf8'), key: readFileSync(tlsKey, 'utf8') }
    createSecureContext(tls)
    return tls
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new ConfigError(`--tls-cert ${tlsCert} and --tls-key cannot be used: ${reason}`, {
      cause: error,
    })
  }
}

/** Hands on the certificate when it changed; one that does not fit is told and the old one stays. Returns the end. */
export function watchCertificate(
  config: Config,
  log: Log,
  changed: (tls: Certificate) => void,
): { reload(): void; stop(): void } {
  const reload = () => {
    try {
      const tls = readCertificate(config)
      if (tls === undefined) return
      changed(tls)
      log.info({ file: config.tlsCert }, 'the certificate was read again')
    } catch (err) {
      log.error({ err }, 'the certificate cannot be used; the one before stays')
    }
  }
  const files = [config.tlsCert, config.tlsKey].filter(file => file !== undefined)
  for (const file of files) watchFile(file, { interval: pollMs, persistent: false }, reload)
  return {
    reload,
    stop() {
      for (const file of files) unwatchFile(file, reload)
    },
  }
}
