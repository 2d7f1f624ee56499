/** A line on standard error that says how far something is, where that is a terminal; elsewhere nothing. */
import { timeInWords } from './amounts.ts'

/** Characters between the brackets, at most and at least; narrower it is left out. */
const widest = 30
const narrowest = 8
/** Milliseconds between two drawings. */
const paceMs = 100
/** Milliseconds after which it is said how long it will take. */
const guessAfterMs = 5000

export interface ProgressBar {
  /** `part` from 0 to 1; undefined where the end is not known. `words` is called when they are to be drawn. */
  show(part: number | undefined, words: () => string): void
  /** Takes the line away, to print something else or for good. */
  clear(): void
}

/** What is drawn in so many columns. */
export function progressLine(part: number | undefined, words: string, columns: number): string {
  const room = columns - 1
  const width = Math.min(widest, room - words.length - 3)
  if (part === undefined || width < narrowest) return words.slice(0, room)
  const full = Math.floor(Math.min(1, Math.max(0, part)) * width)
  return `[${'#'.repeat(full).padEnd(width, '.')}] ${words}`
}

/** Says how long it will take, from how long it took so far. */
class Guess {
  #began: { readonly at: number; readonly part: number } | undefined

  words(part: number | undefined, now: number): string {
    if (part === undefined) return ''
    // What an earlier run had done already says nothing of this one's pace.
    this.#began ??= { at: now, part }
    const took = now - this.#began.at
    const done = part - this.#began.part
    if (took < guessAfterMs || done <= 0) return ''
    return `, ${timeInWords(((took / done) * (1 - part)) / 1000)} left`
  }
}

/** `stream` is standard error; an argument for tests, as is the clock. */
export function progressBar(
  stream: Pick<NodeJS.WriteStream, 'isTTY' | 'write' | 'columns'> = process.stderr,
  clock: () => number = Date.now,
): ProgressBar {
  const guess = new Guess()
  let drawn = false
  let last = Number.NEGATIVE_INFINITY
  return {
    show(part, words) {
      if (!stream.isTTY) return
      const now = clock()
      if (now - last < paceMs) return
      last = now
      drawn = true
      const all = words() + guess.words(part, now)
      stream.write(`\r\u001b[K${progressLine(part, all, Math.max(20, stream.columns))}`)
    },
    clear() {
      if (drawn) stream.write('\r\u001b[K')
      drawn = false
    },
  }
}
