/** What remote commands have in common: whom they call with which key, and how their arguments are read. */
import { type AdminAccess, AdminRefusal, type Call, callAdmin } from '../admin/client.ts'
import { CommandFailed } from '../server/folder.ts'
import { size } from '../server/setting.ts'
import { type Arguments, type Flag, WrongUse } from './command.ts'
import { type RemoteSources, remoteSources, resolveRemote } from './remote.ts'
import { unreachableReason } from './unreachable.ts'

export const remoteFlags: Readonly<Record<string, Flag>> = {
  endpoint: { shown: 'URL', doc: 'Where the server is [http://127.0.0.1:9000]' },
  profile: { shown: 'NAME', doc: 'Profile of the AWS CLI whose key is used' },
}

/** A token, or a name and a password, outrank keys: who sets them means this server. */
function shownBy(env: RemoteSources['env']): string | undefined {
  const token = env['MOONGATE_TOKEN']
  if (token !== undefined) return `Bearer ${token}`
  const { MOONGATE_USERNAME: name, MOONGATE_PASSWORD: password } = env
  if (name === undefined || password === undefined) return undefined
  return `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`
}

export function remoteAccess({ flags }: Pick<Arguments, 'flags'>): AdminAccess {
  const sources = remoteSources(flags)
  const { endpoint, region, accessKeyId, secretAccessKey, sessionToken } = resolveRemote(sources)
  const authorization = shownBy(sources.env)
  if (authorization !== undefined) return { endpoint, region, by: { authorization } }
  if (accessKeyId !== undefined && secretAccessKey !== undefined)
    return { endpoint, region, by: { accessKeyId, secretAccessKey, sessionToken } }
  throw new CommandFailed(
    'there is no key to sign with: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (or MOONGATE_ACCESS_KEY_ID and MOONGATE_SECRET_ACCESS_KEY, which outrank them), or name a --profile',
  )
}

/** Calls the server that the arguments mean. Rejects with CommandFailed. */
export async function call<T>(args: Pick<Arguments, 'flags'>, what: Call): Promise<T> {
  const access = remoteAccess(args)
  try {
    return (await callAdmin(access, what)) as T
  } catch (error) {
    if (error instanceof AdminRefusal)
      throw new CommandFailed(`${error.code}: ${error.message}`, { cause: error })
    if (error instanceof TypeError) {
      const why = unreachableReason(error)
      throw new CommandFailed(`${access.endpoint} cannot be reached: ${why}`, { cause: error })
    }
    throw error
  }
}

/** All entries of a list that comes in pages. */
export async function callAll<T>(
  args: Pick<Arguments, 'flags'>,
  what: Call,
  entries: string,
): Promise<readonly T[]> {
  const all: T[] = []
  for (let after: string | undefined; ; ) {
    const page = await call<Record<string, unknown> & { next?: string }>(args, {
      ...what,
      query: { ...what.query, after },
    })
    all.push(...(page[entries] as readonly T[]))
    if (page.next === undefined) return all
    after = page.next
  }
}

/** As many positionals as the command has. Throws {@link WrongUse}. */
export function positionalsOf(
  { positionals }: Pick<Arguments, 'positionals'>,
  usage: string,
  least: number,
  most = least,
): readonly string[] {
  if (positionals.length < least || positionals.length > most)
    throw new WrongUse(`Usage: moongate ${usage}.`)
  return positionals
}

export const flagOf = ({ flags }: Pick<Arguments, 'flags'>, name: string): string | undefined =>
  flags.get(name)?.at(-1)

export function wholeOf(args: Pick<Arguments, 'flags'>, name: string): number | undefined {
  const text = flagOf(args, name)
  if (text === undefined) return undefined
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw new WrongUse(`--${name} must be a whole number from 0.`)
}

/** `10GiB`. */
export function bytesOf(args: Pick<Arguments, 'flags'>, name: string): number | undefined {
  const text = flagOf(args, name)
  if (text === undefined) return undefined
  try {
    return size(0, Number.MAX_SAFE_INTEGER).parse(text)
  } catch (error) {
    throw new WrongUse(`--${name} must be ${error instanceof Error ? error.message : 'a size'}.`)
  }
}

/** `/vol1`, or `vol1`. */
export function volumeIn(text: string): string {
  const name = text.replace(/^\//, '').replace(/\/$/, '')
  if (name === '' || name.includes('/')) throw new WrongUse(`${text} is no volume, as /vol1 is.`)
  return name
}

/** In the API: the caller's own volume. */
const ownVolume = '-'

export interface Place {
  readonly volume: string
  readonly bucket: string
}

/** `/vol1/bucket1`; without a slash a bucket of the caller's volume. */
export function placeIn(text: string): Place {
  if (!text.includes('/') && text !== '') return { volume: ownVolume, bucket: text }
  const [before, volume, bucket, ...more] = text.split('/')
  if (before === '' && volume && bucket && more.length === 0) return { volume, bucket }
  throw new WrongUse(`${text} is no bucket, as /vol1/bucket1 or bucket1 is.`)
}
