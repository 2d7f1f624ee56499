/** Ids of requests: unique, cheap, in the form of AWS's: 16 characters of digits and capital letters. */
import { randomBytes } from 'node:crypto'

const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** A source of ids for one worker: eight characters of chance, eight that count. */
export function requestIds(): () => string {
  const chance = Array.from(randomBytes(8), byte => alphabet[byte % 32]).join('')
  let count = randomBytes(4).readUInt32BE()
  return () => {
    count += 1
    let rest = count
    let text = ''
    for (let i = 0; i < 8; i++) {
      text = alphabet[rest % 32] + text
      rest = Math.floor(rest / 32)
    }
    return chance + text
  }
}

/** What `x-amz-id-2` begins with: it names the worker that answered. */
export const newHostId = (): string => randomBytes(24).toString('base64')
