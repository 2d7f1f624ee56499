/** Keeps the write-ahead log of a data folder short, beside whatever works on it. */
import type { Log } from '../ports/log.ts'
import type { Reserve } from '../stores/files/reserve.ts'
import { startCheckpointer } from '../stores/sqlite/checkpointer.ts'
import type { SqliteStore } from '../stores/sqlite/store.ts'
import { databaseFile } from './compose.ts'
import type { Config } from './config.ts'

const shortestMs = 1000
const longestMs = 60_000

/** How long to wait before a thread that failed is started again: twice as long each time that it does not live long. */
export class Backoff {
  #pauseMs = 0

  /** After a life of so many milliseconds. `first`: it did well before, so that the failure is news. */
  failed(livedMs: number): { readonly pauseMs: number; readonly first: boolean } {
    const first = this.#pauseMs === 0 || livedMs > longestMs
    this.#pauseMs = first ? shortestMs : Math.min(2 * this.#pauseMs, longestMs)
    return { pauseMs: this.#pauseMs, first }
  }
}

/** The checkpoint thread, started again when it fails. The returned function ends it. */
export function keepCheckpointing(
  config: Config,
  { store, reserve }: { readonly store: SqliteStore; readonly reserve: Reserve | undefined },
  log: Log,
): () => Promise<void> {
  const backoff = new Backoff()
  let waiting: NodeJS.Timeout | undefined
  let closing = false
  let failing = false
  const start = () => {
    const started = performance.now()
    // That it works again is known only once it has lived a while.
    const well = setTimeout(() => {
      if (failing) log.info({}, 'the checkpoint thread works again')
      failing = false
    }, longestMs).unref()
    const checkpointer = startCheckpointer({
      path: databaseFile(config),
      shared: store.shared,
      reserve: reserve && { folder: config.data, shared: reserve.shared },
      onError(err) {
        clearTimeout(well)
        store.releaseTurnOf(checkpointer.connection)
        const { pauseMs, first } = backoff.failed(performance.now() - started)
        failing = true
        if (first) log.error({ err }, 'the checkpoint thread failed and is started again')
        if (closing) return
        waiting = setTimeout(() => {
          current = start()
        }, pauseMs).unref()
      },
    })
    const close = () => {
      clearTimeout(well)
      return checkpointer.close()
    }
    return { close }
  }
  let current = start()
  return async () => {
    closing = true
    clearTimeout(waiting)
    await current.close()
  }
}
