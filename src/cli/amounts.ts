/** Amounts as people read them. */

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const

/** `1.5 GiB`. */
export function bytesInWords(bytes: number): string {
  let amount = bytes
  let unit = 0
  while (amount >= 1024 && unit < units.length - 1) {
    amount /= 1024
    unit += 1
  }
  return `${unit === 0 || amount >= 100 ? Math.round(amount) : amount.toFixed(1)} ${units[unit]}`
}

/** `1,234,567`. */
export const numberInWords = (count: number): string =>
  String(count).replace(/(?<=\d)(?=(?:\d{3})+$)/g, ',')

/** `1 object`, `2,000 objects`. */
export const countInWords = (count: number, word: string): string =>
  `${numberInWords(count)} ${word}${count === 1 ? '' : 's'}`

/** `12 s`, `3 min`, `2 h 5 min`. */
export function timeInWords(seconds: number): string {
  if (seconds < 60) return `${Math.ceil(seconds)} s`
  const minutes = Math.ceil(seconds / 60)
  if (minutes < 60) return `${minutes} min`
  const rest = minutes % 60
  return `${Math.floor(minutes / 60)} h${rest === 0 ? '' : ` ${rest} min`}`
}
