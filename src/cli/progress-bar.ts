/** A progress bar on standard error, where that is a terminal; elsewhere nothing. */

const width = 30
/** Milliseconds between two drawings. */
const pace = 100

export interface ProgressBar {
  /** `part` from 0 to 1; undefined where the end is not known. */
  show(part: number | undefined, words: string): void
  /** Takes the bar away, to print something else or for good. */
  clear(): void
}

/** `stream` is standard error; an argument for tests. */
export function progressBar(
  stream: Pick<NodeJS.WriteStream, 'isTTY' | 'write' | 'columns'> = process.stderr,
): ProgressBar {
  let drawn = false
  let last = 0
  return {
    show(part, words) {
      if (!stream.isTTY) return
      const now = Date.now()
      if (drawn && now - last < pace) return
      last = now
      drawn = true
      const full = Math.round(Math.min(1, Math.max(0, part ?? 0)) * width)
      const bar = part === undefined ? '' : `[${'#'.repeat(full).padEnd(width, '.')}] `
      stream.write(`\r\u001b[K${`${bar}${words}`.slice(0, Math.max(20, stream.columns - 1))}`)
    },
    clear() {
      if (drawn) stream.write('\r\u001b[K')
      drawn = false
    },
  }
}
