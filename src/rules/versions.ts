/** Version ids: 32 URL-safe characters whose text order is newest first. Pure. */
import { S3Error } from '../model/errors.ts'

/** In ASCII order, so that digits compare as text as they do as numbers. */
const alphabet = '-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz'
const form = /^[-0-9A-Z_a-z]{32}$/
/** Eight characters of the time in milliseconds, four of a sequence, both counted down; the rest is random. */
const timeChars = 8
const sequenceChars = 4
const randomChars = 20
const lastTime = 64 ** timeChars - 1
const lastSequence = 64 ** sequenceChars - 1

/** Bytes of randomness that {@link nextVersionId} uses. */
export const versionRandomBytes = 15

function write(value: number, chars: number): string {
  let text = ''
  let rest = value
  for (let i = 0; i < chars; i++) {
    text = alphabet.charAt(rest % 64) + text
    rest = Math.floor(rest / 64)
  }
  return text
}

function read(text: string): number {
  let value = 0
  for (const character of text) value = value * 64 + alphabet.indexOf(character)
  return value
}

function spell(random: Uint8Array): string {
  let text = ''
  for (let i = 0; i < versionRandomBytes; i += 3) {
    const bits = ((random[i] ?? 0) << 16) | ((random[i + 1] ?? 0) << 8) | (random[i + 2] ?? 0)
    text += write(bits, 4)
  }
  return text.slice(0, randomChars)
}

/**
 * An id that sorts before `newest` (the newest of the same key), even when the clock went back since.
 * `now` in milliseconds since the epoch; `random` holds {@link versionRandomBytes} bytes and makes the id unguessable.
 */
export function nextVersionId(newest: string | undefined, now: number, random: Uint8Array): string {
  let time = Math.max(0, Math.min(lastTime, Math.floor(now)))
  let sequence = 0
  if (newest !== undefined && form.test(newest)) {
    const before = versionTime(newest)
    if (before >= time) {
      time = before
      sequence = lastSequence - read(newest.slice(timeChars, timeChars + sequenceChars)) + 1
      if (sequence > lastSequence) {
        time += 1
        sequence = 0
      }
    }
  }
  return (
    write(lastTime - time, timeChars) +
    write(lastSequence - sequence, sequenceChars) +
    spell(random)
  )
}

/** The moment that an id was made of, in milliseconds since the epoch. */
export function versionTime(id: string): number {
  return lastTime - read(id.slice(0, timeChars))
}

/** Whether the text has the form of an id of ours; 'null', the null version, has not. */
export const isVersionId = (text: string): boolean => form.test(text)

/** Throws InvalidArgument unless the text is 'null' or has the form of a version id. */
export function requireVersionId(text: string): void {
  if (text !== 'null' && !form.test(text)) {
    throw new S3Error(
      'InvalidArgument',
      { ArgumentName: 'versionId', ArgumentValue: text },
      'Invalid version id specified',
    )
  }
}
