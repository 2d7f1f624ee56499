/** A worker thread of the race test: callers on a connection of its own, or a caller that dies holding the turn. */
import { workerData } from 'node:worker_threads'
import { raceCaller, raceTables, raceUploads } from '../../ports/meta-store-races.contract.ts'
import { Shared } from './shared.ts'
import { openSqlite } from './store.ts'
import { connect } from './wal.ts'

export interface RaceThreadData {
  readonly path: string
  readonly shared: SharedArrayBuffer
  readonly thread: number
  readonly role: 'race' | 'die' | 'write' | 'fill'
}

const { path, shared: buffer, thread, role } = workerData as RaceThreadData

if (role === 'race') {
  const store = openSqlite({ path, tables: raceTables, shared: buffer })
  const callers = Array.from({ length: 4 }, (_, i) => raceCaller(store, thread * 4 + i + 1, 60))
  await Promise.all(callers)
  await store.close()
} else if (role === 'write') {
  const store = openSqlite({ path, tables: raceTables, shared: buffer, durability: 'none' })
  for (let i = 0; i < 3000; i++) {
    const writes = ['left', 'right'].map(id => ({
      put: raceUploads,
      record: { id, state: String(i) },
    }))
    await store.commit({ writes })
  }
  await store.close()
} else if (role === 'fill') {
  const store = openSqlite({ path, tables: raceTables, shared: buffer, durability: 'none' })
  const state = 'x'.repeat(65_536)
  let written = 0
  const caller = async () => {
    while (written < 4000) {
      written += 1
      const record = { id: `${thread}-${written % 250}`, state }
      await store.commit({ writes: [{ put: raceUploads, record }] })
    }
  }
  await Promise.all(Array.from({ length: 32 }, caller))
  await store.close()
} else {
  const shared = new Shared(buffer)
  shared.takeTurnBlocking(thread)
  const db = connect(path)
  db.exec("BEGIN IMMEDIATE; INSERT INTO uploads VALUES ('torn', 'open', 1)")
  process.exit(1)
}
