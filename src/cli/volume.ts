/** `moongate volume …`. */
import { adminPath } from '../admin/client.ts'
import { call, callAll, flagOf, positionalsOf, volumeIn } from './calls.ts'
import type { Arguments } from './command.ts'
import {
  limitsAndBucketsOf,
  type NewQuota,
  type Quota,
  quotaAfter,
  tellQuota,
  type Used,
  untouched,
  usageLines,
} from './quota.ts'

interface Volume {
  readonly name: string
  readonly owner: string
  readonly created: string
  readonly quota: Quota
}

export async function createVolume(args: Arguments): Promise<number> {
  const [text = ''] = positionalsOf(args, 'volume create VOLUME', 1)
  const name = volumeIn(text)
  const limits = limitsAndBucketsOf(args)
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
  args.output.result([...lines, ...usageLines(quota, data.usage)].join('\n'), data)
  return 0
}

export async function limitVolume(args: Arguments): Promise<number> {
  const [text = ''] = positionalsOf(args, 'volume quota VOLUME', 1)
  const name = volumeIn(text)
  const path = adminPath('volumes', name)
  const body = await quotaAfter(args, limitsAndBucketsOf(args), async () => {
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
