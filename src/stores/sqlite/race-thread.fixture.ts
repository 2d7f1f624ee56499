/** A worker thread of the race test: callers on a connection of its own, or a caller that dies holding the turn. */
import { workerData } from 'node:worker_threads'
import { raceCaller, raceTables } from '../../ports/meta-store-races.contract.ts'
import { Shared } from './shared.ts'
import { openSqlite } from './store.ts'
import { connect } from './wal.ts'

export interface RaceThreadData {
  readonly path: string
  readonly shared: SharedArrayBuffer
  readonly thread: number
  readonly role: 'race' | 'die'
}

const { path, shared: buffer, thread, role } = workerData as RaceThreadData

if (role === 'race') {
  const store = openSqlite({ path, tables: raceTables, shared: buffer })
  const callers = Array.from({ length: 4 }, (_, i) => raceCaller(store, thread * 4 + i + 1, 60))
  await Promise.all(callers)
  await store.close()
} else {
  const shared = new Shared(buffer)
  shared.takeTurnBlocking(thread)
  const db = connect(path)
  db.exec("BEGIN IMMEDIATE; INSERT INTO uploads VALUES ('torn', 'open', 1)")
  process.exit(1)
}
