/** Scans: bounds as row values, seeks past groups, and as few rows and columns as possible. */
import type { SQLInputValue } from 'node:sqlite'
import type { KeyValue, Scan, Scanned, Stored } from '../../ports/meta-store.ts'
import { compareLeading, pastPrefix } from './keys.ts'
import { type Layout, type Mapper, mapperOf, quoted } from './layout.ts'
import { allRows, type Query, type TableStatements } from './tables.ts'

interface Lower {
  readonly values: readonly KeyValue[]
  readonly exclusive: boolean
}

/** Which of `from` (inclusive) and `after` (exclusive) holds: the greater one. */
function lowerOf(scan: Scan): Lower | undefined {
  const { from, after } = scan
  const inclusive = from !== undefined && from.length > 0 ? from : undefined
  if (after === undefined || after.length === 0)
    return inclusive && { values: inclusive, exclusive: false }
  // With equal leading values `after` holds: it excludes everything that begins with it, or it is the longer bound.
  if (inclusive !== undefined && compareLeading(inclusive, after) > 0)
    return { values: inclusive, exclusive: false }
  return { values: after, exclusive: true }
}

function columnsOf(layout: Layout, scan: Scan): readonly string[] {
  if (scan.index === undefined) return layout.keyNames
  const index = layout.indexes.find(({ name }) => name === scan.index)
  if (index === undefined)
    throw new TypeError(`table ${layout.shape.name} has no index ${scan.index}`)
  return index.columns
}

function bound(columns: readonly string[], operator: string, count: number): string {
  const names = columns.slice(0, count).map(quoted)
  if (count === 1) return `${names[0]} ${operator} ?`
  return `(${names.join(', ')}) ${operator} (${names.map(() => '?').join(', ')})`
}

function scanSql(
  layout: Layout,
  scan: Scan,
  lower: Lower | undefined,
): { sql: string; mapper: Mapper } {
  const columns = columnsOf(layout, scan)
  const fixed = columns.slice(0, scan.at.length)
  const rest = columns.slice(scan.at.length)
  // A grouped scan goes on from the last row, so the columns that it is ordered by are always fetched.
  const mapper = mapperOf(layout, fixed, scan.columns && [...scan.columns, ...columns])
  const index = layout.indexes.find(({ name }) => name === scan.index)
  const conditions = fixed.map(name => `${quoted(name)} = ?`)
  if (lower !== undefined)
    conditions.push(bound(rest, lower.exclusive ? '>' : '>=', lower.values.length))
  if (scan.before !== undefined && scan.before.length > 0)
    conditions.push(bound(rest, '<', scan.before.length))
  if (index !== undefined && index.condition !== '') conditions.push(index.condition)
  const way = scan.reverse === true ? ' DESC' : ''
  const where = conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`
  const order =
    rest.length === 0 ? '' : ` ORDER BY ${rest.map(name => quoted(name) + way).join(', ')}`
  const by = index === undefined ? '' : ` INDEXED BY ${index.sqlName}`
  const select = mapper.select.map(quoted).join(', ')
  // SQLite plans by a limit that is a bare parameter, so each new value of it would have the statement prepared again.
  const limit = ' LIMIT CAST(? AS INTEGER)'
  return { sql: `SELECT ${select} FROM ${layout.sqlName}${by}${where}${order}${limit}`, mapper }
}

function queryOf(table: TableStatements, scan: Scan, lower: Lower | undefined): Query {
  const low = lower === undefined ? '' : `${lower.exclusive ? '>' : '='}${lower.values.length}`
  const shape = `${scan.index ?? ''}|${scan.at.length}|${low}|${scan.before?.length ?? 0}|${scan.reverse === true}|${scan.columns?.join('|') ?? '*'}`
  return table.query(shape, () => scanSql(table.layout, scan, lower))
}

function valuesOf(scan: Scan, lower: Lower | undefined, limit: number): SQLInputValue[] {
  const values: SQLInputValue[] = [...scan.at]
  if (lower !== undefined) values.push(...lower.values)
  if (scan.before !== undefined) values.push(...scan.before)
  values.push(limit)
  return values
}

function checkScan(table: TableStatements, scan: Scan): void {
  if (!Number.isSafeInteger(scan.limit) || scan.limit < 0)
    throw new TypeError('a scan needs a limit, an integer from zero')
  const rest = columnsOf(table.layout, scan).length - scan.at.length
  const longest = Math.max(
    scan.from?.length ?? 0,
    scan.after?.length ?? 0,
    scan.before?.length ?? 0,
  )
  if (rest < 0 || longest > rest) throw new TypeError('a bound has more values than columns remain')
  if (scan.group === undefined) return
  if (scan.reverse === true) throw new TypeError('a scan cannot group in reverse')
  if (scan.group.delimiter === '') throw new TypeError('a group needs a delimiter')
  if (rest < 1) throw new TypeError('no column remains to be grouped by')
}

/** Whether the scan needs more than one statement, and so a transaction, to see one snapshot. */
export function needsSnapshot(scan: Scan): boolean {
  return scan.group !== undefined
}

/** Runs a scan within the connection's present snapshot. */
export function runScan(table: TableStatements, scan: Scan): Scanned<object> {
  checkScan(table, scan)
  const lower = lowerOf(scan)
  if (scan.group !== undefined) return runGrouped(table, scan, lower)
  const { statement, mapper } = queryOf(table, scan, lower)
  const rows = allRows(statement, valuesOf(scan, lower, scan.limit + 1))
  const more = rows.length > scan.limit
  const count = more ? scan.limit : rows.length
  const entries: Stored<object>[] = []
  for (let i = 0; i < count; i++) entries.push(mapper.map(rows[i] ?? [], 0, scan.at))
  return { entries, more }
}

/**
 * Folds groups. Rows come in pages: one row after a group (so that a run of groups costs a seek each), then four
 * times as many each time no group turns up (so that a run of records costs few statements).
 */
function runGrouped(
  table: TableStatements,
  scan: Scan,
  lowest: Lower | undefined,
): Scanned<object> {
  const prefix = scan.group?.prefix ?? ''
  const delimiter = scan.group?.delimiter ?? ''
  const rest = columnsOf(table.layout, scan).slice(scan.at.length)
  const entries: (Stored<object> | string)[] = []
  let lower = lowest
  let page = 1
  while (true) {
    const { statement, mapper } = queryOf(table, scan, lower)
    const place = mapper.select.indexOf(rest[0] ?? '')
    const wanted = Math.min(page, scan.limit + 1 - entries.length)
    const rows = allRows(statement, valuesOf(scan, lower, wanted))
    let folded = false
    for (const row of rows) {
      if (entries.length === scan.limit) return { entries, more: true }
      const text = String(row[place])
      const found = text.startsWith(prefix) ? text.indexOf(delimiter, prefix.length) : -1
      if (found === -1) {
        entries.push(mapper.map(row, 0, scan.at))
        continue
      }
      const group = text.slice(0, found + delimiter.length)
      entries.push(group)
      const past = pastPrefix(group)
      if (past === undefined) return { entries, more: false }
      lower = { values: [past], exclusive: false }
      folded = true
      break
    }
    page = folded ? 1 : page * 4
    if (folded) continue
    if (rows.length < wanted) return { entries, more: false }
    const last = mapper.map(rows[rows.length - 1] ?? [], 0, scan.at) as Readonly<
      Record<string, unknown>
    >
    lower = { values: rest.map(name => last[name] as KeyValue), exclusive: true }
  }
}
