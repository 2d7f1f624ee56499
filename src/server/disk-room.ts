/** Watches over the room on the disk of a data folder: makes the reserve, tells of a full disk, and ends that state. */
import type { Sweeper } from '../jobs/sweeper.ts'
import type { Log } from '../ports/log.ts'
import type { Reserve } from '../stores/files/reserve.ts'
import type { SqliteStore } from '../stores/sqlite/store.ts'

export interface ReserveKeeping {
  readonly reserve: Reserve
  readonly store: Pick<SqliteStore, 'hasSpare'>
  readonly sweeper: Pick<Sweeper, 'hurry'>
  readonly log: Log
  /** Milliseconds between two looks at the disk, a second by default. */
  readonly everyMs?: number
}

/** A reserve that is whole, or could not be made so, is looked at again after this time. */
const againMs = 60_000
/** With so much room, the reserve has time: a server that is stopped before writes nothing for it. */
const plentyBytes = 2 ** 30
const patienceMs = 5000
/** So long after something was refused the sweep goes on making room. */
const hurryMs = 10_000

/** In the main thread, once the server is ready. The returned function stops it. */
export function keepReserve(options: ReserveKeeping): () => Promise<void> {
  const { reserve, store, sweeper, log, everyMs = 1000 } = options
  const started = performance.now()
  let lookAt = 0
  let hurriesUntil = 0
  let stopping = false
  let told = false
  let failed = false
  let running: Promise<void> | undefined

  async function whileFull(): Promise<void> {
    if (!told) log.error({}, 'the disk is full: objects are read and deleted, and not written')
    told = true
    reserve.allowsSmall = store.hasSpare()
    await sweeper.hurry()
    await reserve.make(() => stopping)
    // A disk that fills up is looked at when it is full; the reserve is as good as new then.
    lookAt = performance.now() + againMs
  }

  async function look(): Promise<void> {
    reserve.suspect()
    if (reserve.full) await whileFull()
    if (reserve.full) return
    if (reserve.takeRefused()) hurriesUntil = performance.now() + hurryMs
    if (performance.now() < hurriesUntil) await sweeper.hurry()
    if (told) log.info({}, 'there is room on the disk again: objects are written')
    told = false
    const now = performance.now()
    if (now < lookAt || (now < started + patienceMs && reserve.free > plentyBytes)) return
    lookAt = now + againMs
    await reserve.make(() => stopping)
  }

  async function lookOnce(): Promise<void> {
    try {
      await look()
      failed = false
    } catch (err) {
      if (!failed) log.error({ err }, 'the reserve on the disk cannot be kept')
      failed = true
    }
  }

  const tick = () => {
    running ??= lookOnce().finally(() => {
      running = undefined
    })
  }
  const timer = setInterval(tick, everyMs).unref()
  tick()
  return async () => {
    stopping = true
    clearInterval(timer)
    await running
  }
}
