/** Reads from one snapshot, and the number of the commit that must be durable before they are told. */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { Get, Got, Scan, Scanned } from '../../ports/meta-store.ts'
import { checkKey } from './layout.ts'
import { needsSnapshot, runScan } from './scans.ts'
import type { Shared } from './shared.ts'
import type { Tables } from './tables.ts'

export interface ReadRequest {
  readonly gets?: readonly Get[] | undefined
  readonly scans?: readonly Scan[] | undefined
}

export interface ReadAnswer {
  readonly gets: Got<object>[]
  readonly scans: Scanned<object>[]
  /** What is told rests on commits up to this number. */
  readonly rests: number
}

export class Reads {
  readonly #tables: Tables
  readonly #shared: Shared
  readonly #begin: StatementSync
  readonly #end: StatementSync

  constructor(db: DatabaseSync, tables: Tables, shared: Shared) {
    this.#tables = tables
    this.#shared = shared
    this.#begin = db.prepare('BEGIN')
    this.#end = db.prepare('COMMIT')
  }

  run({ gets = [], scans = [] }: ReadRequest): ReadAnswer {
    const single =
      gets.length + scans.length <= 1 && (scans[0] === undefined || !needsSnapshot(scans[0]))
    if (single) return this.#answer(gets, scans)
    this.#begin.run()
    try {
      return this.#answer(gets, scans)
    } finally {
      this.#end.run()
    }
  }

  /** Within a transaction of this connection: what it sees is its own to make durable. */
  within(gets: readonly Get[]): Got<object>[] {
    return gets.map(request => this.#get(request))
  }

  #answer(gets: readonly Get[], scans: readonly Scan[]): ReadAnswer {
    let rests = 0
    let absent = scans.length > 0
    const got: Got<object>[] = []
    for (const request of gets) {
      const answer = this.#get(request)
      got.push(answer)
      if (answer.record === undefined) absent = true
      else {
        rests = Math.max(rests, answer.record.revision)
        // Whether nothing is there to follow to, or nothing to name it, is for the record to say.
        if (answer.followed !== undefined) rests = Math.max(rests, answer.followed.revision)
        else if (request.follow !== undefined) absent = true
      }
    }
    const scanned: Scanned<object>[] = []
    for (const request of scans) scanned.push(runScan(this.#tables.of(request.table), request))
    // Read after the rows: a commit announces its number before it can be seen, so this is never too low.
    if (absent) rests = this.#shared.begun()
    return { gets: got, scans: scanned, rests }
  }

  #get({ table, key, follow, columns }: Get): Got<object> {
    const statements = this.#tables.of(table)
    checkKey(statements.layout, key)
    if (follow === undefined) return { record: statements.get(key, columns) }
    const found = statements.getFollowing(key, follow.column, this.#tables.of(follow.table))
    return { record: found?.record, followed: found?.followed }
  }
}
