/** Ids of requests: unique, cheap, in the form of AWS's: 16 characters of digits and capital letters. */
import { randomBytes } from 'node:crypto'

const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

const pairs = Array.from({ length: 1024 }, (_, i) => `${alphabet[i >> 5]}${alphabet[i % 32]}`)

/** A source of ids for one worker: eight characters of chance, eight that count. */
export function requestIds(): () => string {
  const chance = Array.from(randomBytes(8), byte => alphabet[byte % 32]).join('')
  let count = randomBytes(4).readUInt32BE()
  // All but the last two characters, which are the same in 1,024 ids.
  let start = ''
  let startOf = -1
  return () => {
    count += 1
    let rest = Math.floor(count / 1024)
    if (rest !== startOf) {
      startOf = rest
      let text = ''
      for (let i = 0; i < 3; i++) {
        text = pairs[rest % 1024] + text
        rest = Math.floor(rest / 1024)
      }
      start = chance + text
    }
    return `${start}${pairs[count % 1024]}`
  }
}

/** What `x-amz-id-2` begins with: it names the worker that answered. */
export const newHostId = (): string => randomBytes(24).toString('base64')
