// Dates as S3 writes and reads them: ISO 8601 in XML, RFC 9110 in headers, seconds in some queries.

const dayMillis = 86_400_000
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const twoDigits = Array.from({ length: 100 }, (_, i) => (i < 10 ? `0${i}` : `${i}`))

const minutes = Array.from(
  { length: 1440 },
  (_, i) => `${twoDigits[Math.floor(i / 60)]}:${twoDigits[i % 60]}:`,
)
/** Hour, minute and second of the milliseconds since midnight. */
const clockTime = (inDay: number): string => {
  const seconds = Math.floor(inDay / 1000)
  const minute = Math.floor(seconds / 60)
  return `${minutes[minute]}${twoDigits[seconds - minute * 60]}`
}

const fractions = Array.from({ length: 1000 }, (_, i) => `.${String(i).padStart(3, '0')}Z`)

// A listing's dates may be of any day, and in any order: the texts of eleven years' days are kept.
const dayTexts = new Map<number, string>()
const dayTextsMax = 4096

/** `2006-02-03T16:45:09.000Z`. Years 0 to 9999; others as `toISOString` does. */
export const formatIso = (date: Date): string => {
  const millis = date.getTime()
  const day = Math.floor(millis / dayMillis)
  let dayText = dayTexts.get(day)
  if (dayText === undefined) {
    const text = date.toISOString()
    if (text.length !== 24) return text
    dayText = text.slice(0, 11)
    if (dayTexts.size >= dayTextsMax) dayTexts.clear()
    dayTexts.set(day, dayText)
  }
  const inDay = millis - day * dayMillis
  return `${dayText}${clockTime(inDay)}${fractions[inDay % 1000]}`
}

// Objects that are read together were often written on the same day.
let lastDay = Number.NaN
let lastDayText = ''

/** `Fri, 03 Feb 2006 16:45:09 GMT`. */
export const formatHttpDate = (date: Date): string => {
  const millis = date.getTime()
  const day = Math.floor(millis / dayMillis)
  if (day !== lastDay) {
    const text = date.toUTCString()
    // Of a year of more than four digits, or `Invalid Date`.
    if (text.length !== 29) return text
    lastDayText = text.slice(0, 17)
    lastDay = day
  }
  return `${lastDayText}${clockTime(millis - day * dayMillis)} GMT`
}

type Fields = readonly [
  year: number,
  month: number,
  day: number,
  hour: number,
  minute: number,
  second: number,
]

/** The moment of these fields, unless they name a day or time that does not exist. */
const momentOf = (
  [year, month, day, hour, minute, second]: Fields,
  millis = 0,
): Date | undefined => {
  if (hour > 23 || minute > 59 || second > 60) return undefined
  const date = new Date(0)
  date.setUTCFullYear(year, month, day)
  if (date.getUTCMonth() !== month || date.getUTCDate() !== day) return undefined
  date.setUTCHours(hour, minute, Math.min(second, 59), millis)
  return date
}

const isoPattern =
  /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(Z|[+-]\d\d:?\d\d)?)?$/

const offsetMinutes = (zone: string | undefined): number => {
  if (zone === undefined || zone === 'Z') return 0
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2))
  return zone.startsWith('-') ? -minutes : minutes
}

/** Reads ISO 8601 with or without time, fraction and zone (none means UTC); `undefined` if it is no such date. */
export const parseIso = (text: string): Date | undefined => {
  const found = isoPattern.exec(text.trim())
  if (found === null) return undefined
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '0', zone] = found
  const fields: Fields = [+(year ?? 0), +(month ?? 0) - 1, +(day ?? 0), +hour, +minute, +second]
  const millis = Math.floor(Number(`0.${fraction}`) * 1000)
  const moment = momentOf(fields, millis)
  return moment && new Date(moment.getTime() - offsetMinutes(zone) * 60_000)
}

const fixPattern =
  /^[A-Z][a-z]{2}, (\d\d?) ([A-Z][a-z]{2}) (\d{4}) (\d\d):(\d\d):(\d\d) (?:GMT|UTC|[+-]0000)$/
const rfc850Pattern = /^[A-Z][a-z]{5,8}, (\d\d)-([A-Z][a-z]{2})-(\d\d) (\d\d):(\d\d):(\d\d) GMT$/
const asctimePattern = /^[A-Z][a-z]{2} ([A-Z][a-z]{2}) ([ \d]\d) (\d\d):(\d\d):(\d\d) (\d{4})$/

/** Two digits of a year, as RFC 9110 has them read: never more than 50 years ahead of what clients of S3 can mean. */
const fullYear = (year: number): number => (year < 70 ? 2000 + year : 1900 + year)

/** Reads the three forms of RFC 9110 (and `+0000` for GMT, which S3 takes); `undefined` if it is none. */
export const parseHttpDate = (text: string): Date | undefined => {
  const trimmed = text.trim()
  const fix = fixPattern.exec(trimmed)
  const old = fix ?? rfc850Pattern.exec(trimmed)
  if (old !== null) {
    const [, day, month, year, hour, minute, second] = old
    const years = fix === null ? fullYear(Number(year)) : Number(year)
    return momentOf([
      years,
      months.indexOf(month ?? ''),
      Number(day),
      Number(hour),
      Number(minute),
      Number(second),
    ])
  }
  const plain = asctimePattern.exec(trimmed)
  if (plain === null) return undefined
  const [, month, day, hour, minute, second, year] = plain
  return momentOf([
    Number(year),
    months.indexOf(month ?? ''),
    Number(day),
    Number(hour),
    Number(minute),
    Number(second),
  ])
}

/** Reads seconds since 1970. */
export const parseEpoch = (text: string): Date | undefined =>
  /^\d{1,11}$/.test(text) ? new Date(Number(text) * 1000) : undefined
