// The dates of signed requests: `YYYYMMDDTHHMMSSZ` and the dates of HTTP.

const digits = (text: string, from: number, count: number): number => {
  let value = 0
  for (let i = from; i < from + count; i++) {
    const digit = text.charCodeAt(i) - 48
    if (!(digit >= 0 && digit <= 9)) return Number.NaN
    value = value * 10 + digit
  }
  return value
}

/** The beginning of a day, in milliseconds since the epoch; NaN where the calendar has no such day. */
const midnight = (year: number, month: number, date: number): number => {
  const ms = Date.UTC(year, month - 1, date)
  // Date.UTC carries 31 June over into July; such a date is none.
  const check = new Date(ms)
  return check.getUTCMonth() === month - 1 && check.getUTCDate() === date ? ms : Number.NaN
}

/** Milliseconds since midnight, leap seconds among them; NaN where there is no such time. */
const timeOfDay = (hour: number, minute: number, second: number): number =>
  hour < 24 && minute < 60 && second < 61 ? ((hour * 60 + minute) * 60 + second) * 1000 : Number.NaN

// Most requests are signed on the same day as the one before.
let lastDay = ''
let lastMidnight = Number.NaN

const midnightOf = (day: string): number => {
  if (day !== lastDay) {
    lastMidnight = midnight(digits(day, 0, 4), digits(day, 4, 2), digits(day, 6, 2))
    lastDay = day
  }
  return lastMidnight
}

/** `20130524T000000Z` in milliseconds since the epoch; NaN if `text` is not of that form. */
export const parseAmzDate = (text: string): number => {
  if (text.length !== 16 || text.charCodeAt(8) !== 0x54 || text.charCodeAt(15) !== 0x5a) {
    return Number.NaN
  }
  const time = timeOfDay(digits(text, 9, 2), digits(text, 11, 2), digits(text, 13, 2))
  return midnightOf(text.slice(0, 8)) + time
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const imfFixdate =
  /^(?:[A-Z][a-z]{2}, )?(\d{1,2}) ([A-Z][a-z]{2}) (\d{4}) (\d\d):(\d\d):(\d\d) (?:GMT|UTC|[+-]0000)$/

/**
 * `Fri, 24 May 2013 00:00:00 GMT` in milliseconds since the epoch; NaN if `text` is no such date. The name of the day
 * is not compared with the date.
 */
export const parseHttpDate = (text: string): number => {
  const match = imfFixdate.exec(text)
  if (match === null) return Number.NaN
  const [, date, name, year, hour, minute, second] = match
  const month = months.indexOf(name ?? '') + 1
  return (
    midnight(Number(year), month, Number(date)) +
    timeOfDay(Number(hour), Number(minute), Number(second))
  )
}

const two = (value: number): string => (value < 10 ? `0${value}` : `${value}`)

/** Milliseconds since the epoch as `20130524T000000Z`. */
export const formatAmzDate = (ms: number): string => {
  const date = new Date(ms)
  const day = `${date.getUTCFullYear()}${two(date.getUTCMonth() + 1)}${two(date.getUTCDate())}`
  const time = `${two(date.getUTCHours())}${two(date.getUTCMinutes())}${two(date.getUTCSeconds())}`
  return `${day}T${time}Z`
}

/** Milliseconds since the epoch as errors tell it: `2013-05-24T00:00:00Z`. */
export const isoSeconds = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`
