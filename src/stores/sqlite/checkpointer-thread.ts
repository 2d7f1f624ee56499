/** The thread of the checkpointer: passive checkpoints while the WAL is short, the turn to write once it is long. */
import type { DatabaseSync } from 'node:sqlite'
import { workerData } from 'node:worker_threads'
import { isDiskFull, Reserve } from '../files/reserve.ts'
import type { CheckpointerData } from './checkpointer.ts'
import { Shared } from './shared.ts'
import { checkpoint, connect, frameBytes } from './wal.ts'
import { walLimits } from './wal-limits.ts'

/** How long to sleep while nothing is written, in milliseconds, and while something is. */
const idle = 200
const busy = 10
/** How long writers are left alone after somebody's open snapshot kept the WAL from starting anew. */
const discouraged = 1000

/** Says whether the WAL can start anew; not so while a foreign tool holds a snapshot of it open. */
function restart(db: DatabaseSync, shared: Shared, connection: number): boolean {
  shared.takeTurnBlocking(connection)
  try {
    return !checkpoint(db, 'RESTART').blocked
  } finally {
    shared.passTurn(connection)
  }
}

/** Runs a step that copies into the database. On a full disk it is tried again on the reserve; undefined: in vain. */
function unlessFull<T>(reserve: Reserve | undefined, step: () => T, again = true): T | undefined {
  try {
    return step()
  } catch (error) {
    if (!isDiskFull(error, reserve)) throw error
    reserve?.release()
    return again ? unlessFull(reserve, step, false) : undefined
  }
}

function run({ path, shared: buffer, connection, stop, reserve: place }: CheckpointerData): void {
  const reserve = place === undefined ? undefined : new Reserve(place)
  const shared = new Shared(buffer)
  const db = connect(path)
  // Our own readers are done within a millisecond; writers must not wait for anybody else's.
  db.exec('PRAGMA busy_timeout = 50')
  const word = new Int32Array(stop)
  let last = -1
  let complete = false
  while (Atomics.load(word, 0) === 0) {
    const now = shared.last()
    const written = now !== last
    last = now
    let pause = written ? busy : idle
    if (written) {
      const { log, done } = checkpoint(db, 'NOOP')
      const limits = walLimits(reserve)
      if (log * frameBytes > limits.restart) {
        const restarted = unlessFull(reserve, () => {
          // Most of the copying is done beside the writers; within the turn only what came meanwhile is left.
          if (log * frameBytes < limits.hurry) checkpoint(db, 'PASSIVE')
          return restart(db, shared, connection)
        })
        if (restarted !== true) pause = discouraged
      } else if ((log - done) * frameBytes > limits.passive)
        unlessFull(reserve, () => checkpoint(db, 'PASSIVE'))
      complete = false
    } else if (!complete) {
      // Once all of it is in the database, readers pass the WAL by and find their pages in the memory map.
      const progress = unlessFull(reserve, () => checkpoint(db, 'PASSIVE'))
      complete = progress !== undefined && progress.done === progress.log
    }
    Atomics.wait(word, 0, 0, pause)
  }
  db.close()
}

run(workerData as CheckpointerData)
