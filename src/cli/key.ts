/** `moongate key …`. */
import { adminPath } from '../admin/client.ts'
import { exportLines } from '../server/banner.ts'
import { duration } from '../server/setting.ts'
import { call, flagOf, positionalsOf } from './calls.ts'
import { type Arguments, WrongUse } from './command.ts'

interface Key {
  readonly accessKeyId: string
  readonly user: string | null
  readonly status: string
  readonly expires: string | null
}

interface Listed extends Key {
  readonly lastUsed: string | null
}

interface Made {
  readonly key: Key
  readonly secretAccessKey: string
}

const accountOf = (args: Arguments) => ({ account: flagOf(args, 'account') })

/** `30d`, as milliseconds. */
function lasting(text: string): number | undefined {
  try {
    return duration(0).parse(text)
  } catch {
    return undefined
  }
}

/** `30d` from now, a time of ISO 8601, or never. */
function timeIn(text: string): string {
  if (text === 'never') return text
  const milliseconds = lasting(text)
  if (milliseconds !== undefined) return new Date(Date.now() + milliseconds).toISOString()
  if (/^\d{4}-/.test(text) && !Number.isNaN(Date.parse(text))) return new Date(text).toISOString()
  throw new WrongUse(`${text} is no time: 30d, 2027-01-31 or never are.`)
}

function tellMade(args: Arguments, data: Made, first: string): void {
  const { key, secretAccessKey } = data
  const words = [
    `${first} The secret is not shown again; keep it:`,
    ...exportLines(key.accessKeyId, secretAccessKey),
    ...(key.expires === null ? [] : [`The key ends at ${key.expires}.`]),
  ]
  args.output.result(words.join('\n'), data)
}

export async function createKey(args: Arguments): Promise<number> {
  const [user] = positionalsOf(args, 'key create [USER]', 0, 1)
  const expires = flagOf(args, 'expires')
  const data = await call<Made>(args, {
    method: 'POST',
    path: '/keys',
    query: accountOf(args),
    body: {
      user,
      description: flagOf(args, 'description'),
      expires: expires === undefined ? undefined : timeIn(expires),
    },
  })
  const whose = data.key.user === null ? 'the root of the account' : `user ${data.key.user}`
  tellMade(args, data, `The key of ${whose} is made.`)
  return 0
}

const endOf = ({ status, expires }: Key): string =>
  expires === null ? '' : `  ${status === 'Expired' ? 'since' : 'until'} ${expires}`

export async function listKeys(args: Arguments): Promise<number> {
  const [user] = positionalsOf(args, 'key list [USER]', 0, 1)
  const query = { ...accountOf(args), user }
  const { keys } = await call<{ keys: readonly Listed[] }>(args, {
    method: 'GET',
    path: '/keys',
    query,
  })
  // Keys without an end leave its place free where others have one.
  const width = Math.max(...keys.map(key => endOf(key).length))
  for (const key of keys) {
    const end = endOf(key).padEnd(width)
    const used = key.lastUsed === null ? 'never used' : `used ${key.lastUsed}`
    args.output.result(`${key.accessKeyId}  ${key.status.padEnd(8)}${end}  ${used}`, key)
  }
  return 0
}

export async function rotateKey(args: Arguments): Promise<number> {
  const [id = ''] = positionalsOf(args, 'key rotate KEY', 1)
  const said = flagOf(args, 'grace')
  const grace = said === undefined ? 0 : lasting(said)
  if (grace === undefined) throw new WrongUse(`--grace must be a time, for instance 1h.`)
  const data = await call<Made>(args, {
    method: 'POST',
    path: adminPath('keys', id, 'rotate'),
    query: accountOf(args),
    body: { grace: Math.ceil(grace / 1000) },
  })
  tellMade(args, data, grace === 0 ? `${id} is gone.` : `${id} works for ${said} more.`)
  return 0
}

function change(args: Arguments, id: string, body: object): Promise<{ readonly key: Key }> {
  const path = adminPath('keys', id)
  return call(args, { method: 'PUT', path, query: accountOf(args), body })
}

export async function disableKey(args: Arguments): Promise<number> {
  const [id = ''] = positionalsOf(args, 'key disable KEY', 1)
  args.output.result(`${id} is switched off.`, await change(args, id, { status: 'Inactive' }))
  return 0
}

export async function enableKey(args: Arguments): Promise<number> {
  const [id = ''] = positionalsOf(args, 'key enable KEY', 1)
  const data = await change(args, id, { status: 'Active' })
  const { status, expires } = data.key
  const but = status === 'Expired' ? `, but it expired at ${expires}` : ''
  args.output.result(`${id} is switched on${but}.`, data)
  return 0
}

export async function expireKey(args: Arguments): Promise<number> {
  const [id = '', when = ''] = positionalsOf(args, 'key expire KEY WHEN', 2)
  const data = await change(args, id, { expires: timeIn(when) })
  const { status, expires } = data.key
  const until = expires === null ? 'stays' : `works until ${expires}`
  args.output.result(`${id} ${status === 'Expired' ? 'no longer works' : until}.`, data)
  return 0
}

export async function deleteKey(args: Arguments): Promise<number> {
  const [id = ''] = positionalsOf(args, 'key delete KEY', 1)
  await call(args, { method: 'DELETE', path: adminPath('keys', id), query: accountOf(args) })
  args.output.result(`${id} is gone.`, { accessKeyId: id, deleted: true })
  return 0
}
