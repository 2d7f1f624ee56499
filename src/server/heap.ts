/**
 * The shape of V8's heap. The young generation is where what a request allocates dies. Left alone it grows to 32 MiB and more, which
 * is no faster here but is memory; held at what it has in the beginning it is so small that requests outlive it, and
 * the old generation fills with what they leave. Flags on the command line are not for us to give: people start this
 * as a command, by npm, and in threads. See docs/decisions.
 */
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'
import type { ResourceLimits } from 'node:worker_threads'

const mebibyte = 2 ** 20
/** Pages in use when both halves may become 16 MiB together. It grows by doubling: more than half of this is left as it is. */
const wanted = 8 * mebibyte
const halfMebibytes = 8
/** It shrinks while nothing happens; so often it is looked at. */
const checkMs = 10_000
const objectsAtOnce = 5000
const roundsMax = 40
const oldGrowthPercent = 50

/** What a thread is given: three times one half, as V8 counts. */
export const threadLimits: ResourceLimits = {
  maxYoungGenerationSizeMb: 3 * halfMebibytes,
}

function size(): number {
  for (const { space_name: name, space_size: bytes } of getHeapSpaceStatistics()) {
    if (name === 'new_space') return bytes
  }
  return wanted
}

/** Brings this thread's young generation to the size that is wanted: it grows when much of it survives. */
export function growYoungGeneration(): void {
  const kept: object[] = []
  for (let round = 0; round < roundsMax && size() <= wanted / 2; round++) {
    for (let i = 0; i < objectsAtOnce; i++) kept.push({ round, i })
  }
}

/**
 * Grows the main thread's young generation and holds it there, for a process that is ours alone; and the old generation
 * is collected when it has grown by half, not by up to four times. Returns the way to stop.
 */
export function holdHeap(): () => void {
  const hold = () => {
    if (size() > wanted / 2) return
    setFlagsFromString('--semi-space-growth-factor=2')
    growYoungGeneration()
    setFlagsFromString('--semi-space-growth-factor=1')
  }
  setFlagsFromString('--semi-space-growth-factor=1')
  setFlagsFromString(`--heap-growing-percent=${oldGrowthPercent}`)
  const first = setTimeout(hold, 50).unref()
  const others = setInterval(hold, checkMs).unref()
  return () => {
    clearTimeout(first)
    clearInterval(others)
  }
}
