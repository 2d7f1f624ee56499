/** The options of the library: what they may be, and the configuration that they mean. */
import { type Config, ConfigError, loadConfig } from './config.ts'
import { flagName } from './setting.ts'
import type { SettingName } from './settings.ts'

export interface GatewayOptions {
  /** Buckets that are there when the promise resolves. */
  readonly buckets?: readonly string[]
  /** A folder to keep the data in; without one everything is in memory and gone on close. */
  readonly data?: string
  /** Default 127.0.0.1. */
  readonly host?: string
  /** Default 0: a free one. */
  readonly port?: number
  /** Default us-east-1. */
  readonly region?: string
  /** Made up when left out. With `data`, the folder's own key stays when left out. */
  readonly accessKeyId?: string
  readonly secretAccessKey?: string
  /** Threads; default 1. More than one only with `data`. */
  readonly workers?: number
  /** Domains whose sub-domains are buckets. */
  readonly domains?: readonly string[]
  /** Origins whose web pages may call; default all, an empty list for none. */
  readonly corsOrigins?: readonly string[]
  /** Take SigV2 too. */
  readonly sigv2?: boolean
  /** Take any key without checking signatures. */
  readonly insecure?: boolean
  /** File of the access log; default none. */
  readonly accessLog?: string
}

type Value = string | number | boolean | readonly string[]

/** What a value may be, as messages say it after "must be". */
const shapes = {
  'text that is not empty': (value: unknown): value is string =>
    typeof value === 'string' && value !== '',
  'a number': (value: unknown): value is number => typeof value === 'number',
  'true or false': (value: unknown): value is boolean => typeof value === 'boolean',
  'a list of texts': (value: unknown): value is readonly string[] =>
    Array.isArray(value) && value.every(item => typeof item === 'string'),
} as const
type Shape = keyof typeof shapes

/** Each option: its shape, and the setting that it is. */
const options: Readonly<
  Record<keyof GatewayOptions, { readonly shape: Shape; readonly setting: SettingName | 'buckets' }>
> = {
  buckets: { shape: 'a list of texts', setting: 'buckets' },
  data: { shape: 'text that is not empty', setting: 'data' },
  host: { shape: 'text that is not empty', setting: 'host' },
  port: { shape: 'a number', setting: 'port' },
  region: { shape: 'text that is not empty', setting: 'region' },
  accessKeyId: { shape: 'text that is not empty', setting: 'rootAccessKeyId' },
  secretAccessKey: { shape: 'text that is not empty', setting: 'rootSecretAccessKey' },
  workers: { shape: 'a number', setting: 'workers' },
  domains: { shape: 'a list of texts', setting: 'domain' },
  corsOrigins: { shape: 'a list of texts', setting: 'corsOrigin' },
  sigv2: { shape: 'true or false', setting: 'sigv2' },
  insecure: { shape: 'true or false', setting: 'insecure' },
  accessLog: { shape: 'text that is not empty', setting: 'accessLog' },
}

const isOption = (name: string): name is keyof GatewayOptions => Object.hasOwn(options, name)

/** The options that say something. Throws {@link ConfigError} for what is none, or not of its shape. */
function said(given: unknown): ReadonlyMap<SettingName | 'buckets', Value> {
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw new ConfigError('The options must be an object.')
  const values = new Map<SettingName | 'buckets', Value>()
  for (const [name, value] of Object.entries(given)) {
    if (!isOption(name)) {
      const known = Object.keys(options).join(', ')
      throw new ConfigError(`Unknown option: ${name}. There are ${known}.`)
    }
    if (value === undefined) continue
    const { shape, setting } = options[name]
    if (!shapes[shape](value)) throw new ConfigError(`${name} must be ${shape}.`)
    values.set(setting, value)
  }
  return values
}

const called = (setting: SettingName): string =>
  Object.entries(options).find(([, option]) => option.setting === setting)?.[0] ?? setting

const usual: Readonly<Record<string, string>> = {
  port: '0',
  workers: '1',
  'access-log': 'off',
  'audit-log': 'off',
  'log-level': 'error',
  'drain-timeout': '5s',
}

/** The configuration. Neither environment nor files are looked at. Throws {@link ConfigError}, which names the option. */
export function configOfOptions(given: unknown): Config {
  const values = said(given)
  const flags = new Map(Object.entries(usual).map(([name, value]) => [name, [value]]))
  flags.set('memory', [String(!values.has('data'))])
  const env: Record<string, string> = {}
  for (const [setting, value] of values) {
    if (setting === 'rootAccessKeyId') env['MOONGATE_ROOT_ACCESS_KEY_ID'] = String(value)
    else if (setting === 'rootSecretAccessKey')
      env['MOONGATE_ROOT_SECRET_ACCESS_KEY'] = String(value)
    else if (setting !== 'buckets') flags.set(flagName(setting), [value].flat().map(String))
  }
  const buckets = values.get('buckets')
  const { config } = loadConfig({
    flags,
    env,
    readFile: () => '',
    buckets: shapes['a list of texts'](buckets) ? buckets : [],
    called,
  })
  return config
}
