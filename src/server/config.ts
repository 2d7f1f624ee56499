/** The configuration of a server: read once at start from flags, environment, file and defaults, in that order of rank. */
import type { NewBuckets } from '../access/bucket-access.ts'
import type { SignInSettings } from '../admin/sign-in/settings.ts'
import { ConfigError } from './config-error.ts'
import {
  accountsOfFile,
  bucketsOfFile,
  bucketsOfNames,
  bucketsOfText,
  DeclarationError,
  type DeclaredAccount,
  type DeclaredBucket,
} from './declared.ts'
import { signInOfFile } from './declared-admin.ts'
import { reasonOf } from './reasons.ts'
import { envName, fileKey, flagName } from './setting.ts'
import { type SettingName, settingNames, settings, type Values } from './settings.ts'

/** Everything that was decided before the start. Plain data, so that it can be handed to worker threads. */
export interface Config extends Values {
  readonly buckets: readonly DeclaredBucket[]
  readonly accounts: readonly DeclaredAccount[]
  /** How administrators sign in without an access key. */
  readonly admin: SignInSettings
}

/** What buckets are made with. */
export const newBuckets = (config: Config): NewBuckets => ({
  ownership: config.defaultObjectOwnership,
  blocked: config.publicAccessBlock,
})

export { ConfigError }

export interface ConfigSources {
  /** By flag name without dashes; what came from the command line or from the caller of the library. */
  readonly flags: ReadonlyMap<string, readonly string[]>
  readonly env: Readonly<Record<string, string | undefined>>
  /** The text of the configuration file. Throws when it cannot be read. */
  readonly readFile: (path: string) => string
  /** Names of buckets to declare, in place of the variable's and the file's. */
  readonly buckets?: readonly string[]
  /** How messages name a setting; by its flag or variable if it is not said. */
  readonly called?: (name: SettingName) => string
}

/** Variables that other commands read, see src/cli/remote.ts. */
const clientVariables = [
  'MOONGATE_ENDPOINT',
  'MOONGATE_PROFILE',
  'MOONGATE_ACCESS_KEY_ID',
  'MOONGATE_SECRET_ACCESS_KEY',
  'MOONGATE_SESSION_TOKEN',
  'MOONGATE_TOKEN',
  'MOONGATE_USERNAME',
  'MOONGATE_PASSWORD',
]
const bucketsVariable = 'MOONGATE_BUCKETS'

interface Said {
  /** As the message names it: `--port`, `MOONGATE_PORT`, `port in moongate.toml`. */
  readonly where: string
  readonly texts: readonly string[]
}

type FileData = Readonly<Record<string, unknown>>

function parseToml(source: string): unknown {
  // Loaded only by those who have such a file: it costs the start some milliseconds.
  const { parse } = toml()
  return parse(source)
}

const toml = (): typeof import('smol-toml') =>
  process.getBuiltinModule('node:module').createRequire(import.meta.url)('smol-toml')

/** ` (line 3)` where the parser tells it. */
function lineOf(error: unknown): string {
  if (!(error instanceof Error)) return ''
  const { line } = error as { line?: unknown }
  const found = typeof line === 'number' ? line : /\(line (\d+) column/.exec(error.message)?.[1]
  return found === undefined ? '' : ` (line ${found})`
}

function readConfigFile(path: string, readFile: ConfigSources['readFile']): FileData {
  let data: unknown
  try {
    const source = readFile(path)
    data = path.endsWith('.json') ? JSON.parse(source) : parseToml(source)
  } catch (error) {
    // The parsers quote the line at fault, which may be a secret: only the first line of their message is told.
    const [reason = ''] = reasonOf(error).split('\n')
    const told = error instanceof SyntaxError ? 'it is not valid JSON' : reason
    const words = `The configuration file ${path} cannot be read: ${told}${lineOf(error)}.`
    throw new ConfigError(words, { cause: error })
  }
  if (typeof data !== 'object' || data === null || Array.isArray(data))
    throw new ConfigError(`The configuration file ${path} must hold a table at its top.`)
  return { ...data }
}

function fileTexts(value: unknown, list: boolean, where: string): readonly string[] {
  const items: readonly unknown[] = Array.isArray(value) ? value : [value]
  if (Array.isArray(value) && !list)
    throw new ConfigError(`${where} must be one value, not a list.`)
  return items.map(item => {
    if (['string', 'number', 'boolean', 'bigint'].includes(typeof item)) return String(item)
    throw new ConfigError(`${where} must be text, a number or true/false.`)
  })
}

const allowed = (name: SettingName, where: 'flag' | 'env' | 'file'): boolean => {
  const { secret, not } = settings[name] as { secret?: true; not?: readonly string[] }
  return not?.includes(where) !== true && !(where === 'flag' && secret === true)
}

const isList = (name: SettingName): boolean => 'list' in settings[name]

/** Flags of `serve` as `util.parseArgs` wants them. */
export function configFlags(): Record<string, { type: 'string' | 'boolean'; multiple: true }> {
  const names = settingNames.filter(name => allowed(name, 'flag'))
  return Object.fromEntries(
    names.map(name => [
      flagName(name),
      { type: settings[name].kind.shown === '' ? 'boolean' : 'string', multiple: true },
    ]),
  )
}

const nameOf = (name: SettingName, { called }: ConfigSources): string =>
  called?.(name) ?? (allowed(name, 'flag') ? `--${flagName(name)}` : envName(name))

function fromFlags(name: SettingName, sources: ConfigSources): Said | undefined {
  const texts = sources.flags.get(flagName(name))
  return texts === undefined ? undefined : { where: nameOf(name, sources), texts }
}

function fromEnv(name: SettingName, sources: ConfigSources): Said | undefined {
  const value = allowed(name, 'env') ? sources.env[envName(name)] : undefined
  if (value === undefined || value === '') return undefined
  const texts = isList(name) ? value.split(',').map(item => item.trim()) : [value]
  return { where: sources.called?.(name) ?? envName(name), texts }
}

function fromFile(name: SettingName, file: FileData, path: string): Said | undefined {
  const value = allowed(name, 'file') ? file[fileKey(name)] : undefined
  if (value === undefined) return undefined
  const where = `${fileKey(name)} in ${path}`
  return { where, texts: fileTexts(value, isList(name), where) }
}

function valueOf(name: SettingName, said: Said | undefined): unknown {
  const { kind, fallback } = settings[name]
  if (said === undefined) return fallback
  const { where, texts } = said
  const secret = 'secret' in settings[name]
  const values = texts.map(text => {
    try {
      return kind.parse(text)
    } catch (error) {
      const got = secret ? '' : ` (it is "${text}")`
      const expectation = error instanceof Error ? error.message : String(error)
      throw new ConfigError(`${where} must be ${expectation}${got}.`, { cause: error })
    }
  })
  if (isList(name)) return values
  // As usual on a command line: the last one said holds.
  return values.at(-1)
}

const declarations = new Set(['buckets', 'accounts', 'admin'])

function refuseUnknownKeys(file: FileData, path: string): void {
  const known = new Set(settingNames.filter(name => allowed(name, 'file')).map(fileKey))
  const unknown = Object.keys(file).find(key => !known.has(key) && !declarations.has(key))
  if (unknown !== undefined) throw new ConfigError(`${path} has an unknown key: ${unknown}.`)
}

function unknownVariables(env: ConfigSources['env']): readonly string[] {
  const known = new Set([
    ...settingNames.filter(name => allowed(name, 'env')).map(envName),
    ...clientVariables,
    bucketsVariable,
  ])
  return Object.keys(env).filter(name => name.startsWith('MOONGATE_') && !known.has(name))
}

function refuseContradictions(config: Config, sources: ConfigSources): void {
  const both = (one: SettingName, other: SettingName) => {
    if ((config[one] === undefined) === (config[other] === undefined)) return
    const names = `${nameOf(one, sources)} and ${nameOf(other, sources)}`
    throw new ConfigError(`${names} belong together: set both or neither.`)
  }
  both('tlsCert', 'tlsKey')
  both('rootAccessKeyId', 'rootSecretAccessKey')
  if (config.volumePerKey && !config.insecure) {
    const name = nameOf('volumePerKey', sources)
    throw new ConfigError(`${name} goes with ${nameOf('insecure', sources)} only.`)
  }
  if (config.memory && (config.workers ?? 1) > 1) {
    const name = nameOf('workers', sources)
    throw new ConfigError(`${name} must be 1 in memory, whose data belongs to one thread.`)
  }
}

function withoutNone(origins: readonly string[], where: string): readonly string[] {
  if (!origins.includes('none')) return origins
  if (origins.length === 1) return []
  throw new ConfigError(`${where} must be none alone, or origins without it.`)
}

function declaredBuckets({ buckets, env }: ConfigSources, file: FileData) {
  if (buckets !== undefined) return bucketsOfNames(buckets, 'buckets')
  const names = env[bucketsVariable]
  // An empty variable says nothing, as with every setting.
  if (names === undefined || names === '') return bucketsOfFile(file['buckets'])
  return bucketsOfText(names, bucketsVariable)
}

function declared(
  sources: ConfigSources,
  file: FileData,
  rootKey: string | undefined,
): Pick<Config, 'buckets' | 'accounts' | 'admin'> {
  try {
    return {
      buckets: declaredBuckets(sources, file),
      accounts: accountsOfFile(file['accounts'], rootKey),
      admin: signInOfFile(file['admin']),
    }
  } catch (error) {
    if (error instanceof DeclarationError)
      throw new ConfigError(`${error.message}.`, { cause: error })
    throw error
  }
}

/**
 * Reads the configuration. Throws {@link ConfigError} for what is wrong. `warnings` are sentences about what is
 * merely odd.
 */
export function loadConfig(sources: ConfigSources): {
  readonly config: Config
  readonly warnings: readonly string[]
} {
  const flags = configFlags()
  for (const name of sources.flags.keys())
    if (!Object.hasOwn(flags, name)) throw new ConfigError(`Unknown flag: --${name}.`)
  const path = valueOf('config', fromFlags('config', sources) ?? fromEnv('config', sources))
  const file = typeof path === 'string' ? readConfigFile(path, sources.readFile) : {}
  refuseUnknownKeys(file, String(path))
  const values = settingNames.map(name => {
    const said =
      fromFlags(name, sources) ?? fromEnv(name, sources) ?? fromFile(name, file, String(path))
    return [name, valueOf(name, said)]
  })
  // The schema gives each name a value of its kind; that is typed here, once.
  const settled = Object.fromEntries(values) as Values
  const config: Config = {
    ...settled,
    corsOrigin: withoutNone(settled.corsOrigin, nameOf('corsOrigin', sources)),
    ...declared(sources, file, settled.rootAccessKeyId),
  }
  refuseContradictions(config, sources)
  const warnings = unknownVariables(sources.env).map(
    name => `The environment variable ${name} is unknown and was ignored.`,
  )
  return { config, warnings }
}
