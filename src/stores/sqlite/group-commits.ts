/** Batches that wait in this connection share a turn, a transaction and a sync. */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Conflict } from '../../ports/meta-store.ts'
import { StoreFull, StoreUnavailable } from '../../ports/store-unavailable.ts'
import { isDiskFull, type Reserve } from '../files/reserve.ts'
import { applyBatch, Checked, carriedBytes, type EncodedBatch } from './batches.ts'
import type { Durability } from './durability.ts'
import { type Shared, slotOf } from './shared.ts'
import { checkpoint, frameBytes, spareBytes } from './wal.ts'
import { walLimits } from './wal-limits.ts'

/** A batch, or who decides on one once it is his turn. */
type Deciding = EncodedBatch | (() => EncodedBatch | undefined)

interface Committed {
  readonly revision: number
}

interface Waiting {
  readonly batch: Deciding
  readonly resolve: (committed: Committed) => void
  readonly reject: (error: Error) => void
}

/** What came of one who waited: his batch was committed, there was none, or neither was possible. */
interface Outcome {
  readonly waiting: Waiting
  readonly batch: EncodedBatch | undefined
  readonly failure: Error | undefined
  /** Of the batch; where there is none, of the last commit before, on which rests what was read. */
  readonly revision: number
}

export interface GroupCommitsOptions {
  readonly db: DatabaseSync
  readonly shared: Shared
  readonly connection: number
  readonly durability: Durability
  /** Told of the batches that were committed, still within the turn. */
  readonly onCommitted?: (batches: readonly EncodedBatch[]) => void
  /** Called when a transaction can be neither committed nor rolled back: this connection would hold it for ever. */
  readonly onFatal: (error: unknown) => void
  /** Given up when the disk is full. */
  readonly reserve?: Reserve | undefined
}

/** With more bytes a batch brings in an object's body; without it is a record, for which there is always room. */
const recordBytes = 1024
/** What goes with those bytes: a record, and pages that are not full. */
const besideBytes = 16 * 1024
/** At most so many batches in one transaction, so that the event loop is not held for long. */
const groupMax = 256
/** Revisions are reserved by the hundred thousand: the database need not write the present one with each commit. */
const reserveStep = 100_000

export class GroupCommits {
  readonly #options: GroupCommitsOptions
  readonly #begin: StatementSync
  readonly #commit: StatementSync
  readonly #reserve: StatementSync
  #queue: Waiting[] = []
  #pumping: Promise<void> | undefined
  /** Bytes that this connection brought in since it looked at the log. */
  #brought = 0

  constructor(options: GroupCommitsOptions) {
    this.#options = options
    this.#begin = options.db.prepare('BEGIN IMMEDIATE')
    this.#commit = options.db.prepare('COMMIT')
    this.#reserve = options.db.prepare(
      "INSERT INTO meta (name, value) VALUES ('reserved', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    )
  }

  /**
   * Takes a batch, or what decides on one with the turn held, before anything else is written. Resolves with the answer,
   * which is asked for when all that it rests on is durable and must not throw.
   */
  commit<T>(batch: Deciding, answer: (committed: Committed) => T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ batch, resolve: committed => resolve(answer(committed)), reject })
      this.#pumping ??= this.#pump()
    })
  }

  /** Resolves when nothing waits for the turn any more. */
  async idle(): Promise<void> {
    while (this.#pumping !== undefined) await this.#pumping
  }

  async #pump(): Promise<void> {
    try {
      while (this.#queue.length > 0) await this.#pumpOnce()
    } catch (error) {
      // Whether these batches were committed is not known, and nobody would ever answer them.
      this.#options.onFatal(error)
    } finally {
      this.#pumping = undefined
    }
  }

  async #pumpOnce(): Promise<void> {
    const { shared, connection, durability } = this.#options
    // Everything that this turn of the event loop still brings joins the group.
    await nextTurn()
    if (!shared.tryTurn(connection)) await shared.takeTurn(connection)
    const group = this.#queue.splice(0, groupMax)
    try {
      this.#keepLogShort()
      this.#run(group)
    } finally {
      shared.passTurn(connection)
      durability.committed()
    }
  }

  /**
   * The checkpointer looks now and then: who brings in much meanwhile copies, or a full disk has no room for the log. What else
   * keeps the log from being copied is for the checkpointer to tell: it stops no commit.
   */
  #keepLogShort(again = true): void {
    const { db, reserve } = this.#options
    const { group, own } = walLimits(reserve)
    if (this.#brought < group) return
    try {
      if (checkpoint(db, 'NOOP').log * frameBytes > own) checkpoint(db, 'PASSIVE')
    } catch (error) {
      if (isDiskFull(error, reserve)) {
        reserve?.release()
        if (again) this.#keepLogShort(false)
      }
    }
    this.#brought = 0
  }

  /**
   * Runs a group in one transaction; if SQLite fails, its batches one by one. Called with the turn held. On a full disk
   * what is left of the group is tried again on the reserve.
   */
  #run(whole: readonly Waiting[], again = true): void {
    const { reserve } = this.#options
    const group = reserve?.full === true ? this.#admit(whole, reserve) : whole
    if (group.length === 0) return
    const error = this.#tryRun(group)
    if (error === undefined) return
    if (again && reserve !== undefined && isDiskFull(error, reserve)) {
      reserve.release()
      this.#run(group, false)
      return
    }
    for (const waiting of group) {
      const cause = group.length === 1 ? error : this.#tryRun([waiting])
      if (cause !== undefined) waiting.reject(toldOf(cause, reserve))
    }
  }

  /**
   * What of a group may be tried on a full disk. The reserve is for what makes room: the bytes of objects must fit into
   * what the database has free of its own.
   */
  #admit(group: readonly Waiting[], reserve: Reserve): readonly Waiting[] {
    let spare = spareBytes(this.#options.db)
    reserve.allowsSmall = spare > 0
    return group.filter(({ batch, reject }) => {
      const bytes = bytesOf(batch)
      if (bytes <= recordBytes) return true
      const taken = bytes + bytes / 4 + besideBytes
      if (taken > spare) {
        reject(new StoreFull())
        return false
      }
      spare -= taken
      return true
    })
  }

  #tryRun(group: readonly Waiting[]): unknown {
    const { shared, connection, reserve: room } = this.#options
    const { group: bytesMax } = walLimits(room)
    const outcomes: Outcome[] = []
    let bytes = 0
    const checked = new Checked()
    let number = shared.begun()
    try {
      this.#begin.run()
      for (const waiting of group) {
        const outcome = decideAndApply(waiting, number, checked)
        number = outcome.revision
        outcomes.push(outcome)
        if (outcome.batch !== undefined) bytes += carriedBytes(outcome.batch)
        if (bytes > bytesMax) break
      }
      const reserve = number > shared.reserved() ? number + reserveStep : undefined
      if (reserve !== undefined) this.#reserve.run(reserve)
      // Another connection sees the commit before we can say so: its number must be known by then.
      shared.setBegun(number)
      this.#commit.run()
      if (reserve !== undefined) shared.setReserved(reserve)
    } catch (error) {
      this.#rollBack()
      // Numbers that were announced are skipped, never used again.
      shared.setLast(shared.begun())
      return error ?? new Error(`connection ${connection} failed`)
    }
    this.#moveGenerations(outcomes)
    shared.setLast(number)
    this.#tell(outcomes)
    this.#brought += bytes
    if (outcomes.length < group.length) this.#queue.unshift(...group.slice(outcomes.length))
    return undefined
  }

  #rollBack(): void {
    const { db, onFatal } = this.#options
    try {
      if (db.isTransaction) db.exec('ROLLBACK')
    } catch (error) {
      onFatal(error)
    }
  }

  /** Before the number is published: from then on another connection's sync may let answers rest on the commit. */
  #moveGenerations(outcomes: readonly Outcome[]): void {
    const { shared } = this.#options
    for (const { batch } of outcomes) {
      if (batch === undefined) continue
      for (const { table, key } of batch.writes)
        shared.moveGeneration(slotOf(table.layout.seed, key))
      for (const { statements, key } of batch.adds)
        shared.moveGeneration(slotOf(statements.layout.seed, key))
    }
  }

  #tell(outcomes: readonly Outcome[]): void {
    const { durability, onCommitted } = this.#options
    const done: EncodedBatch[] = []
    for (const { waiting, batch, failure, revision } of outcomes) {
      if (batch !== undefined) done.push(batch)
      // What one decides may rest on commits that are not durable yet; a Conflict is for nobody but us.
      if (failure instanceof Conflict) waiting.reject(failure)
      else if (failure === undefined) durability.whenOwn(revision, waiting.resolve)
      else durability.whenOwn(revision, () => waiting.reject(failure))
    }
    onCommitted?.(done)
  }
}

/** A Conflict for which the transaction was rolled back is one for the caller; anything else is the machine's. */
function toldOf(cause: unknown, reserve: Reserve | undefined): Error {
  if (cause instanceof Conflict) return cause
  return isDiskFull(cause, reserve)
    ? new StoreFull(cause)
    : new StoreUnavailable('the database could not commit', cause)
}

/** Within the transaction. SQLite's errors are thrown; what the one who decides throws is his own failure. */
function decideAndApply(waiting: Waiting, before: number, checked: Checked): Outcome {
  const failed = (failure: Error) => ({ waiting, batch: undefined, failure, revision: before })
  let batch: EncodedBatch | undefined
  try {
    batch = typeof waiting.batch === 'function' ? waiting.batch() : waiting.batch
  } catch (error) {
    if (error instanceof StoreUnavailable) throw error
    return failed(error instanceof Error ? error : new Error(String(error)))
  }
  if (batch === undefined) return { waiting, batch, failure: undefined, revision: before }
  const decided = typeof waiting.batch === 'function'
  const conflict = applyBatch(batch, before + 1, checked, decided)
  if (conflict !== undefined) return failed(conflict)
  return { waiting, batch, failure: undefined, revision: before + 1 }
}

/** Bytes that are brought in; who has yet to decide is asked, and decides again in his turn. */
function bytesOf(batch: Deciding): number {
  try {
    const decided = typeof batch === 'function' ? batch() : batch
    return decided === undefined ? 0 : carriedBytes(decided)
  } catch {
    // He fails in his turn again.
    return 0
  }
}
