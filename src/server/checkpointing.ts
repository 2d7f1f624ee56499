/** Keeps the write-ahead log of a data folder short, beside whatever works on it. */
import type { Log } from '../ports/log.ts'
import { startCheckpointer } from '../stores/sqlite/checkpointer.ts'
import type { SqliteStore } from '../stores/sqlite/store.ts'
import { databaseFile } from './compose.ts'
import type { Config } from './config.ts'

/** The checkpoint thread, started again when it fails. The returned function ends it. */
export function keepCheckpointing(
  config: Config,
  store: SqliteStore,
  log: Log,
): () => Promise<void> {
  let closing = false
  const start = () => {
    const checkpointer = startCheckpointer({
      path: databaseFile(config),
      shared: store.shared,
      onError(err) {
        log.error({ err }, 'the checkpoint thread failed and is started again')
        store.releaseTurnOf(checkpointer.connection)
        if (!closing) current = start()
      },
    })
    return checkpointer
  }
  let current = start()
  return async () => {
    closing = true
    await current.close()
  }
}
