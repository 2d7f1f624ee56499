/** Networks in CIDR notation, and whether an address lies in one of them. */
import { BlockList, isIP } from 'node:net'
import type { Kind } from './setting.ts'

function splitNetwork(
  value: string,
): { address: string; bits: number; family: 'ipv4' | 'ipv6' } | undefined {
  const slash = value.indexOf('/')
  const address = slash < 0 ? value : value.slice(0, slash)
  const version = isIP(address)
  if (version === 0) return undefined
  const widest = version === 4 ? 32 : 128
  const tail = slash < 0 ? String(widest) : value.slice(slash + 1)
  const bits = /^\d{1,3}$/.test(tail) ? Number(tail) : Number.NaN
  return bits <= widest ? { address, bits, family: version === 4 ? 'ipv4' : 'ipv6' } : undefined
}

export const network: Kind<string> = {
  shown: 'CIDR',
  parse(value) {
    if (splitNetwork(value) === undefined)
      throw new Error('a network such as 10.0.0.0/8 or an IP address')
    return value
  },
}

/**
 * A function that tells whether an address lies in one of the networks (as `network` parsed them). The answer for
 * recent addresses is remembered, because a proxy's connections all come from one.
 */
export function addressTest(networks: readonly string[]): (address: string) => boolean {
  const list = new BlockList()
  for (const value of networks) {
    const parts = splitNetwork(value)
    if (parts !== undefined) list.addSubnet(parts.address, parts.bits, parts.family)
  }
  const known = new Map<string, boolean>()
  return address => {
    const seen = known.get(address)
    if (seen !== undefined) return seen
    const version = isIP(address)
    const inside = version !== 0 && list.check(address, version === 4 ? 'ipv4' : 'ipv6')
    if (known.size >= 1024) known.clear()
    known.set(address, inside)
    return inside
  }
}
