/** Routes of volumes. */
import { defaultVolume } from '../../access/accounts.ts'
import type { VolumeInfo } from '../../ports/volumes.ts'
import { AdminError } from '../errors.ts'
import { administers } from '../rights.ts'
import { type Route, route, type Scope } from '../route.ts'
import { requireAccount } from './accounts.ts'
import {
  bucketsLimit,
  iso,
  ownerField,
  pageFields,
  pageLimit,
  quotaFields,
  quotaOf,
  standing,
  volumeField,
  volumeNamed,
} from './names.ts'

const moongate = (): Scope => ({ of: 'moongate' })
const resource = ({ volume }: { volume: string }) => `volume/${volume}`

const shown = ({ name, owner, created, quota }: VolumeInfo) => ({
  name,
  owner,
  created: iso(created),
  quota,
})

export const volumeRoutes: readonly Route[] = [
  route({
    name: 'ListVolumes',
    method: 'GET',
    path: '/volumes',
    summary: 'Volumes in the order of their names: all, or those of the caller’s account',
    fields: pageFields,
    scope: (_, { principal }) => ({ of: 'account', account: principal.canonicalId }),
    resource: () => 'volume/*',
    async run({ after = '', limit = pageLimit }, context) {
      const { buckets, principal } = context
      const owner = (await administers(context)) ? undefined : principal.canonicalId
      const { volumes, more } = await buckets.volumes.list({ owner, after, limit })
      const next = more ? volumes.at(-1)?.name : undefined
      const listed = volumes.filter(({ name }) => !context.isOfOtherKey(name, principal))
      return { data: { volumes: listed.map(shown), next } }
    },
  }),
  route({
    name: 'CreateVolume',
    method: 'PUT',
    path: '/volumes/{volume}',
    summary: 'Make a volume; one that the same owner has already is answered with 200',
    fields: {
      volume: { ...volumeField, doc: 'Name of the volume: 3 to 63 characters, as of a bucket' },
      owner: ownerField,
      ...quotaFields,
      buckets: bucketsLimit,
    },
    scope: moongate,
    resource,
    async run({ volume: name, owner, buckets: most, ...limits }, { access, buckets, principal }) {
      const id = owner ?? principal.canonicalId
      await requireAccount(id, access)
      const quota = { ...quotaOf(limits), buckets: most ?? null }
      const { volume, created } = await buckets.volumes.create({ name, owner: id, quota })
      return { status: created ? 201 : 200, data: { volume: shown(volume), created } }
    },
  }),
  route({
    name: 'GetVolume',
    method: 'GET',
    path: '/volumes/{volume}',
    summary: 'A volume with its quota and what is counted against it',
    fields: { volume: volumeField },
    scope: ({ volume }, context) => ({ of: 'volume', volume: volumeNamed(volume, context) }),
    resource,
    async run({ volume }, context) {
      const { volumes } = context.buckets
      const found = await volumes.find(volumeNamed(volume, context))
      return { data: { volume: shown(found), usage: await volumes.usage(found.name) } }
    },
  }),
  route({
    name: 'PutVolumeQuota',
    method: 'PUT',
    path: '/volumes/{volume}/quota',
    summary:
      'Set the quota of a volume; answers when what is in it has been counted, and with which limits that exceeds',
    fields: { volume: volumeField, ...quotaFields, buckets: bucketsLimit },
    scope: moongate,
    resource,
    async run({ volume, buckets: most, ...limits }, context) {
      const quota = { ...quotaOf(limits), buckets: most ?? null }
      const name = volumeNamed(volume, context)
      const { counted } = await context.buckets.volumes.setQuota(name, quota)
      const used = await context.buckets.volumes.usage(name)
      return { data: { ...standing(quota, used), counted } }
    },
  }),
  route({
    name: 'DeleteVolume',
    method: 'DELETE',
    path: '/volumes/{volume}',
    summary: 'Delete a volume that has no buckets',
    fields: { volume: volumeField },
    scope: ({ volume }, context) => ({ of: 'volume', volume: volumeNamed(volume, context) }),
    resource,
    async run({ volume }, context) {
      const name = volumeNamed(volume, context)
      if (name === defaultVolume) {
        const why = 'is the volume of whoever has none of their own: it stays.'
        throw new AdminError('InvalidInput', `/${name} ${why}`)
      }
      await context.buckets.volumes.remove(name)
      return { status: 204, data: undefined }
    },
  }),
]
