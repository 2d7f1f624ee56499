/** Ids of requests: unique, cheap, in the form of AWS's: 16 characters of digits and capital letters. */
import { randomBytes } from 'node:crypto'

const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** What ids end with: they are put together from two pieces, of which the first is the same in 1,024 of them. */
const endings = Array.from({ length: 1024 }, (_, i) => base32(i, 2))

/** The last `length` digits of a number. */
function base32(value: number, length: number): string {
  let text = ''
  for (let rest = value; text.length < length; rest = Math.floor(rest / 32))
    text = `${alphabet[rest % 32]}${text}`
  return text
}

/** A source of ids for one worker: eight characters of chance, eight that count. */
export function requestIds(): () => string {
  const chance = Array.from(randomBytes(8), byte => alphabet[byte % 32]).join('')
  let count = randomBytes(4).readUInt32BE()
  const beginning = () => chance + base32(Math.floor(count / 1024), 6)
  let start = beginning()
  return () => {
    count += 1
    if (count % 1024 === 0) start = beginning()
    return `${start}${endings[count % 1024]}`
  }
}

/** What `x-amz-id-2` begins with: it names the worker that answered. */
export const newHostId = (): string => randomBytes(24).toString('base64')
