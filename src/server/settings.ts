/** Every setting of the server, once: `--help`, the README's table and the validation are printed from this. */
import { network } from './networks.ts'
import {
  accessKeyId,
  baseUrl,
  bearerToken,
  domain,
  duration,
  flag,
  host,
  oneOf,
  origin,
  path,
  pathPrefix,
  region,
  type Setting,
  secretAccessKey,
  secretText,
  size,
  whole,
} from './setting.ts'

const setting = <T>(value: Setting<T>): Setting<T> => value

const server = {
  host: setting({
    group: 'Server',
    kind: host,
    fallback: '127.0.0.1',
    doc: 'Address to listen on; 0.0.0.0 or :: for all',
  }),
  port: setting({
    group: 'Server',
    kind: whole('PORT', 0, 65535),
    fallback: 9000,
    doc: 'Port to listen on; 0 takes a free one',
  }),
  data: setting({
    group: 'Server',
    kind: path,
    fallback: './moongate-data',
    doc: 'Data folder; made if it is not there',
  }),
  config: setting({
    group: 'Server',
    kind: path,
    fallback: undefined,
    fallbackWords: 'none',
    not: ['file'],
    doc: 'Configuration file, TOML or (*.json) JSON',
  }),
  workers: setting({
    group: 'Server',
    kind: whole('N', 1, 64),
    fallback: undefined,
    fallbackWords: 'one per core; 1 with --memory and where ports cannot be shared',
    doc: 'Threads that serve requests',
  }),
  memory: setting({
    group: 'Server',
    kind: flag,
    fallback: false,
    doc: 'Keep everything in memory and forget it at the end: the S3 for tests',
  }),
  tlsCert: setting({
    group: 'Server',
    kind: path,
    fallback: undefined,
    fallbackWords: 'none',
    doc: 'Certificate chain (PEM); with --tls-key the server speaks https. Read again when it changes and on SIGHUP',
  }),
  tlsKey: setting({
    group: 'Server',
    kind: path,
    fallback: undefined,
    fallbackWords: 'none',
    doc: 'Private key of the certificate (PEM)',
  }),
  drainTimeout: setting({
    group: 'Server',
    kind: duration(0),
    fallback: 30_000,
    fallbackWords: '30s',
    doc: 'How long requests under way may take to finish after SIGTERM',
  }),
} as const

const addresses = {
  domain: setting({
    group: 'Addresses',
    kind: domain,
    fallback: [],
    list: true,
    fallbackWords: 'none',
    doc: 'Domain whose sub-domains are buckets (virtual-host style); the longest that fits wins',
  }),
  prefix: setting({
    group: 'Addresses',
    kind: pathPrefix,
    fallback: '',
    fallbackWords: 'none',
    doc: 'Path in front of S3, taken off where a request has it; /-/health and /-/metrics are without it',
  }),
  publicUrl: setting({
    group: 'Addresses',
    kind: baseUrl,
    fallback: undefined,
    fallbackWords: 'the address listened on',
    doc: 'What every printed or returned URL begins with',
  }),
  trustedProxy: setting({
    group: 'Addresses',
    kind: network,
    fallback: ['127.0.0.0/8', '::1/128'],
    list: true,
    doc: 'Networks whose X-Forwarded-* and Forwarded headers are believed',
  }),
  corsOrigin: setting({
    group: 'Addresses',
    kind: origin,
    fallback: ['*'],
    list: true,
    doc: 'Origins whose web pages may call the server, never with credentials; none for no page, as always with --insecure',
  }),
  region: setting({
    group: 'Addresses',
    kind: region,
    fallback: 'us-east-1',
    doc: 'Region that buckets are in and requests are signed for',
  }),
} as const

const access = {
  rootAccessKeyId: setting({
    group: 'Access',
    kind: accessKeyId,
    fallback: undefined,
    secret: true,
    fallbackWords: 'made at first start',
    doc: 'Access key id of the root account',
  }),
  rootSecretAccessKey: setting({
    group: 'Access',
    kind: secretAccessKey,
    fallback: undefined,
    secret: true,
    fallbackWords: 'made at first start, printed once',
    doc: 'Its secret access key',
  }),
  masterKey: setting({
    group: 'Access',
    kind: secretText,
    fallback: undefined,
    secret: true,
    not: ['file'],
    fallbackWords: 'the file master.key in the data folder, made at first start',
    doc: 'Key under which secrets are kept encrypted: 32 bytes in base64 or hex',
  }),
  defaultObjectOwnership: setting<'BucketOwnerEnforced' | 'BucketOwnerPreferred' | 'ObjectWriter'>({
    group: 'Access',
    kind: oneOf('BucketOwnerEnforced', 'BucketOwnerPreferred', 'ObjectWriter'),
    fallback: 'BucketOwnerEnforced',
    doc: 'Who owns the objects of a bucket whose maker does not say; ACLs count in all but the first',
  }),
  publicAccessBlock: setting({
    group: 'Access',
    kind: flag,
    fallback: false,
    doc: 'Make new buckets with all four public access block settings on, as AWS does',
  }),
  sigv2: setting({
    group: 'Access',
    kind: flag,
    fallback: false,
    doc: 'Also take the old Signature Version 2',
  }),
  insecure: setting({
    group: 'Access',
    kind: flag,
    fallback: false,
    doc: 'Take any access key without checking its signature; for experiments only',
  }),
  volumePerKey: setting({
    group: 'Access',
    kind: flag,
    fallback: false,
    doc: 'With --insecure, give each access key a volume of its own; else all is in s3v',
  }),
} as const

const data = {
  inlineMax: setting({
    group: 'Data',
    kind: size(0, 2 ** 20),
    fallback: 2 ** 16,
    fallbackWords: '64KiB',
    doc: 'Objects up to this size are kept in the database beside their metadata',
  }),
  cacheSize: setting({
    group: 'Data',
    kind: size(0, 2 ** 34),
    fallback: 32 * 2 ** 20,
    fallbackWords: '32MiB',
    doc: 'Memory for hot objects, for each worker',
  }),
  uploadExpiry: setting({
    group: 'Data',
    kind: duration(60_000),
    fallback: 7 * 86_400_000,
    fallbackWords: '7d',
    doc: 'Multipart uploads that were not completed go after this time',
  }),
  sweepInterval: setting({
    group: 'Data',
    kind: duration(1000),
    fallback: 3_600_000,
    fallbackWords: '1h',
    doc: 'How often unreferenced bytes and expired uploads are looked for',
  }),
} as const

const logs = {
  logLevel: setting<'debug' | 'info' | 'warn' | 'error'>({
    group: 'Logs and metrics',
    kind: oneOf('debug', 'info', 'warn', 'error'),
    fallback: 'info',
    doc: "Of the server's own log, which goes to standard error as JSON",
  }),
  accessLog: setting({
    group: 'Logs and metrics',
    kind: { ...path, shown: 'PATH|-|off' },
    fallback: undefined,
    fallbackWords: 'logs/access.log in the data folder; off with --memory',
    doc: 'One JSON line a request: a file, - for standard output, or off',
  }),
  auditLog: setting({
    group: 'Logs and metrics',
    kind: { ...path, shown: 'PATH|-|off' },
    fallback: undefined,
    fallbackWords: 'logs/audit.log in the data folder; off with --memory',
    doc: 'One JSON line for each change and each refused authentication: as above',
  }),
  logFileSize: setting({
    group: 'Logs and metrics',
    kind: size(2 ** 12, 2 ** 40),
    fallback: 64 * 2 ** 20,
    fallbackWords: '64MiB',
    doc: 'A log file that grows past this is renamed to .1, .2 …',
  }),
  logFiles: setting({
    group: 'Logs and metrics',
    kind: whole('N', 1, 1000),
    fallback: 5,
    doc: 'So many renamed files of each log are kept',
  }),
  metricsToken: setting({
    group: 'Logs and metrics',
    kind: bearerToken,
    fallback: undefined,
    secret: true,
    fallbackWords: 'none: metrics are told to this machine only',
    doc: 'Bearer token with which /-/metrics may be read from anywhere',
  }),
} as const

const limits = {
  headerTimeout: setting({
    group: 'Limits',
    kind: duration(100),
    fallback: 20_000,
    fallbackWords: '20s',
    doc: 'How long a client may take to send the headers of a request',
  }),
  idleTimeout: setting({
    group: 'Limits',
    kind: duration(100),
    fallback: 60_000,
    fallbackWords: '1m',
    doc: 'A body of which nothing moves for this long is given up; moving ones may take for ever',
  }),
  keepAliveTimeout: setting({
    group: 'Limits',
    kind: duration(100),
    fallback: 65_000,
    fallbackWords: '65s',
    doc: 'How long a connection may wait for its next request',
  }),
  maxHeaderSize: setting({
    group: 'Limits',
    kind: size(2 ** 12, 2 ** 20),
    fallback: 2 ** 15,
    fallbackWords: '32KiB',
    doc: 'Request line and headers together',
  }),
  maxConnections: setting({
    group: 'Limits',
    kind: whole('N', 1, 1_000_000),
    fallback: 10_000,
    doc: 'Connections at a time, for each worker; further ones are closed',
  }),
} as const

/** In the order in which they are printed. Buckets and accounts, which have a shape of their own, are in declared.ts. */
export const settings = { ...server, ...addresses, ...access, ...data, ...logs, ...limits } as const

export type SettingName = keyof typeof settings
export const settingNames: readonly SettingName[] = Object.keys(settings).filter(
  (name): name is SettingName => Object.hasOwn(settings, name),
)

type ValueOf<S> = S extends { readonly kind: { parse(text: string): infer T } } ? T : never
type Always<N extends SettingName> = N extends Optional ? undefined : never
/** Settings without a default. */
type Optional =
  | 'config'
  | 'workers'
  | 'tlsCert'
  | 'tlsKey'
  | 'publicUrl'
  | 'rootAccessKeyId'
  | 'rootSecretAccessKey'
  | 'masterKey'
  | 'accessLog'
  | 'auditLog'
  | 'metricsToken'
type Lists = 'domain' | 'trustedProxy' | 'corsOrigin'

/** The value of every setting. */
export type Values = {
  readonly [N in SettingName]: N extends Lists
    ? readonly ValueOf<(typeof settings)[N]>[]
    : ValueOf<(typeof settings)[N]> | Always<N>
}
