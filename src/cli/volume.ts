/** `moongate volume …`. */
import { adminPath } from '../admin/client.ts'
import { bytesInWords, countInWords, numberInWords } from './amounts.ts'
import { bytesOf, call, callAll, flagOf, positionalsOf, volumeIn, wholeOf } from './calls.ts'
import type { Arguments } from './command.ts'
import { WrongUse } from './command.ts'

export interface Quota {
  readonly bytes: number | null
  readonly objects: number | null
  readonly buckets?: number | null
}

interface Volume {
  readonly name: string
  readonly owner: string
  readonly created: string
  readonly quota: Quota
}

export interface Used {
  readonly bytes?: number
  readonly objects?: number
  readonly buckets?: number
}

export const noQuota: Quota = { bytes: null, objects: null }

/** A quota and what is counted against it. */
export interface Usage {
  readonly quota: Quota
  readonly bytes?: number
  readonly objects?: number
  readonly buckets?: number
}

/** Limits as flags say them: null for none, undefined for what is not named. */
type SaidQuota = { readonly [N in keyof Quota]?: number | null | undefined }

type Reader = (args: Arguments, name: string) => number | undefined
const limitOf = (args: Arguments, name: string, read: Reader) =>
  flagOf(args, name) === 'none' ? null : read(args, name)

export const limitsOf = (args: Arguments) => ({
  bytes: limitOf(args, 'quota-bytes', bytesOf),
  objects: limitOf(args, 'quota-objects', wholeOf),
})

export const volumeLimitsOf = (args: Arguments) => ({
  ...limitsOf(args),
  buckets: limitOf(args, 'quota-buckets', wholeOf),
})

const isSaid = (said: SaidQuota): boolean => Object.values(said).some(limit => limit !== undefined)

/** Of something that was there before it was to be made: nobody is to think that the limits he named hold now. */
export const untouched = (said: SaidQuota): string =>
  isSaid(said) ? ' Its quota is left as it is.' : ''

/** `1.0 MiB of 2.0 MiB`; where nothing is counted, what there may be. */
function usedOf<T>(used: T | undefined, limit: T | null | undefined, words: (amount: T) => string) {
  const most = limit === null || limit === undefined ? 'no limit' : words(limit)
  return used === undefined ? most : `${words(used)} of ${most}`
}

export function quotaLines(quota: Quota | undefined, used: Used): string[] {
  return [
    `  bytes    ${usedOf(used.bytes, quota?.bytes, bytesInWords)}`,
    `  objects  ${usedOf(used.objects, quota?.objects, numberInWords)}`,
    ...(used.buckets === undefined && quota?.buckets === undefined
      ? []
      : [`  buckets  ${usedOf(used.buckets, quota?.buckets, numberInWords)}`]),
  ]
}

export async function createVolume(args: Arguments): Promise<number> {
  const [text = ''] = positionalsOf(args, 'volume create VOLUME', 1)
  const name = volumeIn(text)
  const limits = volumeLimitsOf(args)
  const data = await call<{ created: boolean }>(args, {
    method: 'PUT',
    path: adminPath('volumes', name),
    body: { owner: flagOf(args, 'owner'), ...limits },
  })
  const state = data.created ? 'is made.' : `is there already.${untouched(limits)}`
  args.output.result(`Volume /${name} ${state}`, data)
  return 0
}

export async function listVolumes(args: Arguments): Promise<number> {
  positionalsOf(args, 'volume list', 0)
  const what = { method: 'GET', path: '/volumes' } as const
  for (const volume of await callAll<Volume>(args, what, 'volumes'))
    args.output.result(`/${volume.name}`, volume)
  return 0
}

export async function showVolume(args: Arguments): Promise<number> {
  const [text = ''] = positionalsOf(args, 'volume info VOLUME', 1)
  const path = adminPath('volumes', volumeIn(text))
  const data = await call<{ volume: Volume; usage: Used }>(args, { method: 'GET', path })
  const { name, owner, created, quota } = data.volume
  const lines = [`/${name}`, `  owner    ${owner}`, `  created  ${created}`]
  args.output.result([...lines, ...quotaLines(quota, data.usage)].join('\n'), data)
  return 0
}

/** The quota that there is to be: what is not named stays as it is. */
export async function quotaAfter(
  args: Arguments,
  said: SaidQuota,
  current: () => Promise<Quota>,
): Promise<SaidQuota> {
  if (isSaid(said) === args.flags.has('none'))
    throw new WrongUse('Say what is to be the limit, or --none for no limit.')
  if (!isSaid(said)) return {}
  const limits = Object.entries(said)
  if (limits.every(([, limit]) => limit !== undefined)) return said
  return {
    ...(await current()),
    ...Object.fromEntries(limits.filter(([, limit]) => limit !== undefined)),
  }
}

export interface NewQuota {
  readonly quota: Quota
  readonly counted: number
}

export function tellQuota({ output }: Arguments, name: string, data: NewQuota): void {
  const { counted, quota } = data
  const words =
    counted === 0 ? '' : ` ${countInWords(counted, 'version')} of objects were counted first.`
  output.result([`The quota of ${name} is set.${words}`, ...quotaLines(quota, {})].join('\n'), data)
}

export async function limitVolume(args: Arguments): Promise<number> {
  const [text = ''] = positionalsOf(args, 'volume quota VOLUME', 1)
  const name = volumeIn(text)
  const path = adminPath('volumes', name)
  const body = await quotaAfter(args, volumeLimitsOf(args), async () => {
    const { volume } = await call<{ volume: Volume }>(args, { method: 'GET', path })
    return volume.quota
  })
  const data = await call<NewQuota>(args, { method: 'PUT', path: `${path}/quota`, body })
  tellQuota(args, `/${name}`, data)
  return 0
}

export async function deleteVolume(args: Arguments): Promise<number> {
  const [text = ''] = positionalsOf(args, 'volume delete VOLUME', 1)
  const name = volumeIn(text)
  await call(args, { method: 'DELETE', path: adminPath('volumes', name) })
  args.output.result(`Volume /${name} is gone.`, { volume: name, deleted: true })
  return 0
}
