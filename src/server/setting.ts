/** What one setting is: how it is called in each place, what it may be, and how it is read from text. */
import { accessKeyIdRule, secretRule } from '../access/access-keys.ts'

/** How a value is read and how it is spoken of. `parse` throws an Error whose message follows "must be". */
export interface Kind<T> {
  /** As `--help` shows it, for instance `PORT`. Empty for a switch. */
  readonly shown: string
  parse(text: string): T
}

export interface Setting<T> {
  readonly kind: Kind<T>
  /** What holds when nothing is said; a list's is a list. */
  readonly fallback: T | readonly T[] | undefined
  /** The default in words, where the value itself says too little. */
  readonly fallbackWords?: string
  readonly doc: string
  /** May be said several times: repeated flags, commas in a variable, an array in a file. */
  readonly list?: true
  /** Secrets have no flag, because everybody on the machine can read a command line; they are never printed. */
  readonly secret?: true
  /** Where it cannot be set. */
  readonly not?: readonly ('flag' | 'env' | 'file')[]
  readonly group: Group
}

export const groups = [
  'Server',
  'Addresses',
  'Access',
  'Data',
  'Logs and metrics',
  'Limits',
] as const
export type Group = (typeof groups)[number]

/** `publicUrl` in words joined by the separator: `public-url`, `public_url`. */
function worded(name: string, separator: string): string {
  return name.replace(/[A-Z]/g, letter => separator + letter.toLowerCase())
}

/** Name of the flag, without dashes. */
export const flagName = (name: string): string => worded(name, '-')
/** Name of the environment variable. */
export const envName = (name: string): string => `MOONGATE_${worded(name, '_').toUpperCase()}`
/** Key in the configuration file. */
export const fileKey = (name: string): string => worded(name, '_')

function refuse(expectation: string): never {
  throw new Error(expectation)
}

export const text: Kind<string> = {
  shown: 'TEXT',
  parse: value => (value === '' ? refuse('not empty') : value),
}

/** Text of a form that is told in words. */
const formed = (shown: string, form: RegExp, words: string): Kind<string> => ({
  shown,
  parse: value => (form.test(value) ? value : refuse(words)),
})

// The system ends a path at a NUL, which no flag and no variable can hold, but a file or a program can.
export const path = formed('PATH', /^[^\0]+$/, 'a path, which is not empty')
export const secretText: Kind<string> = { ...text, shown: 'SECRET' }
/** What a header can carry behind `Bearer`. */
export const bearerToken = formed('SECRET', /^[\u0021-\u007e]+$/, 'visible ASCII characters')
export const accessKeyId = formed('TEXT', accessKeyIdRule.form, accessKeyIdRule.words)
export const secretAccessKey = formed('SECRET', secretRule.form, secretRule.words)
/** Stands in the scope of signatures, between slashes. */
export const region = formed(
  'REGION',
  /^[A-Za-z0-9-]{1,64}$/,
  '1 to 64 letters, digits and hyphens',
)

export const flag: Kind<boolean> = {
  shown: '',
  parse(value) {
    const lower = value.toLowerCase()
    if (['true', '1', 'yes', 'on'].includes(lower)) return true
    if (['false', '0', 'no', 'off'].includes(lower)) return false
    return refuse('true or false')
  },
}

/** A whole number within bounds, both inclusive. */
export function whole(shown: string, min: number, max: number): Kind<number> {
  return {
    shown,
    parse(value) {
      const number = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN
      return number >= min && number <= max
        ? number
        : refuse(`a whole number from ${min} to ${max}`)
    },
  }
}

/** One of the words given. */
export function oneOf<const W extends string>(...words: readonly W[]): Kind<W> {
  return {
    shown: words.join('|'),
    parse: value => words.find(word => word === value) ?? refuse(`one of ${words.join(', ')}`),
  }
}

const durationUnits: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

/** Milliseconds, written as `500ms`, `20s`, `5m`, `1h`, `7d`. */
export function duration(minMs: number): Kind<number> {
  return {
    shown: 'DURATION',
    parse(value) {
      const match = /^(\d{1,9})(ms|s|m|h|d)$/.exec(value)
      const ms = match === null ? -1 : Number(match[1]) * (durationUnits[match[2] ?? ''] ?? 0)
      return ms >= minMs
        ? ms
        : refuse(`a time such as 500ms, 20s, 5m, 1h or 7d, at least ${minMs}ms`)
    },
  }
}

/** `64K` and `64KiB` are the same, as with `ls` and `dd`; `64KB` is 64,000. */
const sizeUnits: Readonly<Record<string, number>> = {
  '': 1,
  ...Object.fromEntries(
    ['K', 'M', 'G', 'T'].flatMap((letter, index) => [
      [`${letter}iB`, 1024 ** (index + 1)],
      [letter, 1024 ** (index + 1)],
      [`${letter}B`, 1000 ** (index + 1)],
    ]),
  ),
}

const unitsInWords =
  'bytes such as 4096 or with a unit as in 64KiB: KiB, MiB, GiB, TiB (or K, M, G, T) are 1024 each of the one before, KB, MB, GB, TB 1000'

/** Bytes, written as `4096`, `64KiB`, `32M`, `1GB`. */
export function size(min: number, max: number): Kind<number> {
  return {
    shown: 'SIZE',
    parse(value) {
      const match = /^(\d{1,15})([KMGT]?i?B?)$/.exec(value)
      const unit = match === null ? undefined : sizeUnits[match[2] ?? '']
      const bytes = unit === undefined ? -1 : Number(match?.[1]) * unit
      return bytes >= min && bytes <= max
        ? bytes
        : refuse(`a size from ${min} to ${max} bytes: ${unitsInWords}`)
    },
  }
}

/** A host name or an address to listen on. */
export const host: Kind<string> = {
  shown: 'HOST',
  parse: value =>
    /^[A-Za-z0-9._:%-]{1,253}$/.test(value) ? value : refuse('a host name or an IP address'),
}

/** A domain whose sub-domains are buckets; a port is ignored when requests are read. */
export const domain: Kind<string> = {
  shown: 'DOMAIN',
  parse: value =>
    /^(?=.{1,253}$)[a-z0-9-]+(\.[a-z0-9-]+)*\.?$/i.test(value)
      ? value.toLowerCase()
      : refuse('a domain name such as s3.example.com'),
}

/** A path that every request begins with. */
export const pathPrefix: Kind<string> = {
  shown: 'PREFIX',
  parse: value =>
    /^(\/[A-Za-z0-9._~-]+)+\/?$/.test(value)
      ? value.replace(/\/$/, '')
      : refuse('a path such as /storage/v1/s3'),
}

/** An absolute http(s) URL without query, without a slash at its end. */
export const baseUrl: Kind<string> = {
  shown: 'URL',
  parse(value) {
    const url = URL.parse(value)
    const fits =
      url !== null &&
      /^https?:$/.test(url.protocol) &&
      url.search === '' &&
      url.hash === '' &&
      url.username === ''
    return fits ? value.replace(/\/+$/, '') : refuse('a URL such as https://s3.example.com')
  },
}

/** What a browser sends as `Origin`, or `*`; `none` alone for no origin at all. */
export const origin: Kind<string> = {
  shown: 'ORIGIN',
  parse: value =>
    value === '*' ||
    value === 'null' ||
    value === 'none' ||
    /^[a-z][a-z0-9+.-]*:\/\/[^/?#\s]+$/i.test(value)
      ? value
      : refuse('*, none or an origin such as https://app.example.com'),
}
