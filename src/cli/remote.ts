/** Where a remote command finds its server and with which key: flags, MOONGATE_*, AWS_*, the AWS profile, in that order. */
import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { WrongUse } from './command.ts'

export interface RemoteAccess {
  readonly endpoint: string
  readonly region: string
  readonly accessKeyId: string | undefined
  readonly secretAccessKey: string | undefined
  readonly sessionToken: string | undefined
}

export interface RemoteSources {
  /** `--endpoint`, `--profile`. */
  readonly endpoint: string | undefined
  readonly profile: string | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  /** The text of a file of the user, undefined where it is not there. */
  readonly readFile: (path: string) => string | undefined
}

type Section = Readonly<Record<string, string>>

/** Sections of a file as the AWS CLI keeps its settings. Nested settings (indented) are left out. */
export function parseProfiles(text: string): ReadonlyMap<string, Section> {
  const sections = new Map<string, Record<string, string>>()
  let section: Record<string, string> | undefined
  for (const line of text.split(/\r?\n/)) {
    const head = /^\[\s*(?:profile\s+)?([^\]]*?)\s*\]/.exec(line)
    if (head !== null) {
      section = sections.get(head[1] ?? '') ?? {}
      sections.set(head[1] ?? '', section)
      continue
    }
    const equals = line.indexOf('=')
    if (section === undefined || equals < 1 || /^[\s#;]/.test(line)) continue
    section[line.slice(0, equals).trim().toLowerCase()] = line.slice(equals + 1).trim()
  }
  return sections
}

/** Undefined where no file has it. */
function profileOf(name: string, { env, readFile }: RemoteSources): Section | undefined {
  const home = join(homedir(), '.aws')
  const files = [
    env['AWS_CONFIG_FILE'] ?? join(home, 'config'),
    env['AWS_SHARED_CREDENTIALS_FILE'] ?? join(home, 'credentials'),
  ]
  const found = files
    .map(path => parseProfiles(readFile(path) ?? '').get(name))
    .filter(section => section !== undefined)
  return found.length === 0 ? undefined : (Object.assign({}, ...found) as Section)
}

interface Keys {
  readonly accessKeyId: string | undefined
  readonly secretAccessKey: string | undefined
  readonly sessionToken: string | undefined
}

function keysOf(values: Readonly<Record<string, string | undefined>>, prefix: string): Keys {
  return {
    accessKeyId: values[`${prefix}ACCESS_KEY_ID`],
    secretAccessKey: values[`${prefix}SECRET_ACCESS_KEY`],
    sessionToken: values[`${prefix}SESSION_TOKEN`],
  }
}

/** Id and secret come from one place, never half from here and half from there. Throws WrongUse. */
export function resolveRemote(sources: RemoteSources): RemoteAccess {
  const { env } = sources
  const named = sources.profile ?? env['MOONGATE_PROFILE']
  const there = profileOf(named ?? env['AWS_PROFILE'] ?? 'default', sources)
  // Else keys that happen to be there would do what was meant for those of the profile.
  if (named !== undefined && there === undefined)
    throw new WrongUse(`There is no profile ${named} in the files of the AWS CLI.`)
  const profile = there ?? {}
  const fromProfile: Keys = {
    accessKeyId: profile['aws_access_key_id'],
    secretAccessKey: profile['aws_secret_access_key'],
    sessionToken: profile['aws_session_token'],
  }
  const variables = [keysOf(env, 'MOONGATE_'), keysOf(env, 'AWS_')]
  // A profile that was asked for by name outranks variables that merely happen to be there.
  const places = named === undefined ? [...variables, fromProfile] : [fromProfile, ...variables]
  const keys = places.find(({ accessKeyId }) => accessKeyId !== undefined) ?? fromProfile
  const endpoint =
    sources.endpoint ??
    env['MOONGATE_ENDPOINT'] ??
    env['AWS_ENDPOINT_URL_S3'] ??
    env['AWS_ENDPOINT_URL'] ??
    profile['endpoint_url'] ??
    'http://127.0.0.1:9000'
  const region = env['AWS_REGION'] ?? env['AWS_DEFAULT_REGION'] ?? profile['region'] ?? 'us-east-1'
  return { endpoint, region, ...keys }
}

/** Of this process. */
export const remoteSources = (flags: ReadonlyMap<string, readonly string[]>): RemoteSources => ({
  endpoint: flags.get('endpoint')?.at(-1),
  profile: flags.get('profile')?.at(-1),
  env: process.env,
  readFile(path) {
    try {
      return readFileSync(path, 'utf8')
    } catch {
      return undefined
    }
  },
})
