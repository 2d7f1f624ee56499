/** IP addresses and CIDR blocks of IPv4 and IPv6, as bytes. */

export interface Block {
  /** 4 or 16 bytes. */
  readonly bytes: Uint8Array
  /** How many bits from the left count. */
  readonly bits: number
}

const decimal = /^(?:0|[1-9]\d{0,2})$/
const hextet = /^[\da-f]{1,4}$/i

function parseV4(text: string): Uint8Array | undefined {
  const parts = text.split('.')
  if (parts.length !== 4) return undefined
  const bytes = new Uint8Array(4)
  for (const [i, part] of parts.entries()) {
    if (!decimal.test(part) || Number(part) > 255) return undefined
    bytes[i] = Number(part)
  }
  return bytes
}

/** The bytes of hextets, of which the last may be an IPv4 address. */
function hextets(text: string): number[] | undefined {
  if (text === '') return []
  const bytes: number[] = []
  const parts = text.split(':')
  for (const [i, part] of parts.entries()) {
    if (part.includes('.')) {
      const v4 = i === parts.length - 1 ? parseV4(part) : undefined
      if (v4 === undefined) return undefined
      bytes.push(...v4)
    } else {
      if (!hextet.test(part)) return undefined
      const value = Number.parseInt(part, 16)
      bytes.push(value >> 8, value & 0xff)
    }
  }
  return bytes
}

function parseV6(text: string): Uint8Array | undefined {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const head = hextets(halves[0] ?? '')
  const tail = halves.length === 2 ? hextets(halves[1] ?? '') : []
  if (head === undefined || tail === undefined) return undefined
  const missing = 16 - head.length - tail.length
  if (halves.length === 2 ? missing < 2 : missing !== 0) return undefined
  const bytes = new Uint8Array(16)
  bytes.set(head)
  bytes.set(tail, 16 - tail.length)
  return bytes
}

const isMapped = (bytes: Uint8Array): boolean =>
  bytes[10] === 0xff && bytes[11] === 0xff && bytes.subarray(0, 10).every(byte => byte === 0)

/** 4 or 16 bytes; an IPv4 address that came mapped into IPv6 is one of IPv4. Undefined: no address. */
export function parseAddress(text: string): Uint8Array | undefined {
  if (!text.includes(':')) return parseV4(text)
  const zone = text.indexOf('%')
  const bytes = parseV6(zone < 0 ? text : text.slice(0, zone))
  return bytes !== undefined && isMapped(bytes) ? bytes.slice(12) : bytes
}

/** An address or a CIDR block. Undefined: neither. */
export function parseBlock(text: string): Block | undefined {
  const slash = text.indexOf('/')
  const bytes = parseAddress(slash < 0 ? text : text.slice(0, slash))
  if (bytes === undefined) return undefined
  const all = bytes.length * 8
  if (slash < 0) return { bytes, bits: all }
  const length = text.slice(slash + 1)
  // The prefix of a mapped block counts from the left of the IPv6 address.
  const bits = Number(length) - (text.includes(':') && bytes.length === 4 ? 96 : 0)
  return decimal.test(length) && bits >= 0 && bits <= all ? { bytes, bits } : undefined
}

export function contains({ bytes, bits }: Block, address: Uint8Array): boolean {
  if (bytes.length !== address.length) return false
  const whole = bits >> 3
  for (let i = 0; i < whole; i++) if (bytes[i] !== address[i]) return false
  const rest = bits & 7
  if (rest === 0) return true
  const mask = (0xff << (8 - rest)) & 0xff
  return ((bytes[whole] ?? 0) & mask) === ((address[whole] ?? 0) & mask)
}
