/** In which volume a bucket's name is looked up. */
import type { Principal } from '../../access/principal.ts'
import { defaultVolume } from '../../ports/volumes.ts'

/** The requester's own, unless another is named before a colon; nothing before it means the default one. */
export function volumeOf(named: string | undefined, { volume }: Principal): string {
  if (named === undefined) return volume
  return named === '' ? defaultVolume : named
}
