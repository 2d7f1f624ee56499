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

const limitsOf = (args: Arguments) => ({
  bytes: bytesOf(args, 'quota-bytes'),
  objects: wholeOf(args, 'quota-objects'),
})

/** `1.0 MiB of 2.0 MiB`; where nothing is counted, what there may be. */
function usedOf<T>(used: T | undefined, limit: T | null | undefined, words: (amount: T) => string) {
  const most = limit === null || limit === undefined ? 'no limit' : words(limit)
  return used === undefined ? most : `${words(used)} of ${most}`
}

export function quotaLines(quota: Quota | undefined, used: Used): string[] {
  return [
    `  bytes    ${usedOf(used.bytes, quota?.bytes, bytesInWords)}`,
    `  objects  ${usedOf(used.objects, quota?.objects, numberInWords)}`,
    ...(used.buckets === undefined
      ? []
      : [`  buckets  ${usedOf(used.buckets, quota?.buckets, numberInWords)}`]),
  ]
}

export async function createVolume(args: Arguments): Promise<number> {
  const [text = ''] = positionalsOf(args, 'volume create VOLUME', 1)
  const name = volumeIn(text)
  const data = await call<{ created: boolean }>(args, {
    method: 'PUT',
    path: adminPath('volumes', name),
    body: {
      owner: flagOf(args, 'owner'),
      ...limitsOf(args),
      buckets: wholeOf(args, 'quota-buckets'),
    },
  })
  const words = data.created ? `Volume /${name} is made.` : `Volume /${name} is there already.`
  args.output.result(words, data)
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

/** The quota that the flags say; none of them takes it away only if that is said. */
export function saidQuota(args: Arguments, buckets?: number): Quota {
  const { bytes, objects } = limitsOf(args)
  const isSaid = bytes !== undefined || objects !== undefined || buckets !== undefined
  if (isSaid === args.flags.has('none'))
    throw new WrongUse('Say what is to be the limit, or --none for no limit.')
  return { bytes: bytes ?? null, objects: objects ?? null }
}

export const countedWords = (counted: number): string =>
  counted === 0 ? '' : ` ${countInWords(counted, 'version')} of objects were counted first.`

export async function limitVolume(args: Arguments): Promise<number> {
  const [text = ''] = positionalsOf(args, 'volume quota VOLUME', 1)
  const buckets = wholeOf(args, 'quota-buckets')
  const name = volumeIn(text)
  const data = await call<{ counted: number }>(args, {
    method: 'PUT',
    path: `${adminPath('volumes', name)}/quota`,
    body: { ...saidQuota(args, buckets), buckets },
  })
  args.output.result(`The quota of /${name} is set.${countedWords(data.counted)}`, data)
  return 0
}

export async function deleteVolume(args: Arguments): Promise<number> {
  const [text = ''] = positionalsOf(args, 'volume delete VOLUME', 1)
  const name = volumeIn(text)
  await call(args, { method: 'DELETE', path: adminPath('volumes', name) })
  args.output.result(`Volume /${name} is gone.`, { volume: name, deleted: true })
  return 0
}
