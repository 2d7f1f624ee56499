/** In insecure mode each key can have a volume of its own, as in Ozone's early gateway. */
import { hash } from 'node:crypto'
import type { Access } from '../access/accounts.ts'
import type { Principal } from '../access/principal.ts'
import { defaultVolume } from '../ports/volumes.ts'
import { isBucketName } from '../rules/names.ts'

/**
 * `thisisakey` has `s3thisisakey`, as with Ozone. What cannot be a name so, and what would be that of another key or the
 * default volume, has a name by its hash. Who shows no key is in the default volume.
 */
export function volumeOfKey(accessKeyId: string): string {
  if (accessKeyId === '') return defaultVolume
  const name = `s3${accessKeyId}`
  if (isBucketName(name) && name !== defaultVolume && !/^s3-[0-9a-f]{32}$/.test(name)) return name
  return `s3-${hash('sha256', accessKeyId, 'hex').slice(0, 32)}`
}

/** Whether a name may be that of another key's volume. Nothing else tells them: all of them are the root's. */
export const isOfOtherKey = (volume: string, { volume: own }: Pick<Principal, 'volume'>): boolean =>
  volume.startsWith('s3') && volume !== defaultVolume && volume !== own

/** The root under any key, in the volume of that key. */
export const withVolumePerKey = (access: Access): Access => ({
  ...access,
  async rootPrincipal(accessKeyId) {
    const principal = await access.rootPrincipal(accessKeyId)
    return { ...principal, volume: volumeOfKey(accessKeyId) }
  },
})
