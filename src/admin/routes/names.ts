/** Fields that several routes have, and what they stand for. */
import type { Quota } from '../../ports/volumes.ts'
import type { Field } from '../fields.ts'
import { ownVolume } from '../paths.ts'
import type { AdminContext } from '../route.ts'

export const volumeField = {
  is: 'text',
  in: 'path',
  required: true,
  doc: `Name of the volume; ${ownVolume} is the caller's own`,
} as const satisfies Field

export const bucketField = {
  is: 'text',
  in: 'path',
  required: true,
  doc: 'Name of the bucket, or of a link',
} as const satisfies Field

export const ownerField = {
  is: 'text',
  in: 'body',
  doc: 'Canonical id of the account that it is to belong to; the caller’s own where it is left out',
} as const satisfies Field

const limited = (what: string) =>
  ({
    is: 'whole',
    in: 'body',
    least: 0,
    doc: `Greatest number of ${what}; null or left out: no limit`,
  }) as const satisfies Field

export const quotaFields = { bytes: limited('bytes'), objects: limited('versions of objects') }
export const bucketsLimit = limited('buckets, links among them')

export const pageFields = {
  after: { is: 'text', in: 'query', doc: 'Only what comes after this name' },
  limit: { is: 'whole', in: 'query', least: 1, most: 1000, doc: 'At most so many; 1000' },
} as const satisfies Readonly<Record<string, Field>>

export const pageLimit = 1000

/** The volume that a path names. */
export const volumeNamed = (name: string, { principal }: AdminContext): string =>
  name === ownVolume ? principal.volume : name

export interface Limits {
  readonly bytes?: number | undefined
  readonly objects?: number | undefined
}

export const quotaOf = ({ bytes, objects }: Limits): Quota => ({
  bytes: bytes ?? null,
  objects: objects ?? null,
})

interface Amounts<T> {
  readonly bytes?: T | undefined
  readonly objects?: T | undefined
  readonly buckets?: T | undefined
}

/** How a quota that was set stands: where more is used than it allows, writes that add to that are refused from now on. */
export function standing(quota: Amounts<number | null>, used: Amounts<number> | undefined) {
  const { bytes, objects, buckets } = used ?? {}
  const exceeded = (['bytes', 'objects', 'buckets'] as const).filter(
    what => (used?.[what] ?? 0) > (quota[what] ?? Number.POSITIVE_INFINITY),
  )
  return { quota, usage: { bytes, objects, buckets }, exceeded }
}

export const iso = (milliseconds: number): string => new Date(milliseconds).toISOString()
