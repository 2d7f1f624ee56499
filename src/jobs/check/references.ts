/** Everything that refers to bytes: versions, manifests, parts of uploads under way. */
import { references, sliceReferences } from '../../buckets/content.ts'
import type { Core } from '../../buckets/core.ts'
import { contentParts } from '../../buckets/read.ts'
import {
  blobsTable,
  bodiesTable,
  manifestRowsTable,
  manifestsTable,
  objectsTable,
  type PartRecord,
  partsTable,
  versionsTable,
} from '../../buckets/tables.ts'
import { type Add, get, type Stored } from '../../ports/meta-store.ts'
import { recordsOf } from '../../ports/records.ts'

export type CountedTable = 'blobs' | 'bodies' | 'manifests'

/** A blob, body or manifest by name, so that all three fit into one map. */
export const nameOf = (table: string, id: string | number): string => `${table}/${id}`

const located = ['body', 'content', 'size']

/** The name of what is referred to, once for each reference. */
export async function* allReferences(core: Core): AsyncGenerator<string> {
  const { store } = core
  for (const table of [objectsTable, versionsTable])
    for await (const record of recordsOf(store, table, { columns: located }))
      yield* names(references(record, 1))
  for await (const { parts } of recordsOf(store, manifestRowsTable))
    for (const { slices } of parts) yield* names(sliceReferences(slices, 1))
  for await (const { slices } of ownParts(core)) yield* names(sliceReferences(slices, 1))
}

function* names(adds: readonly Add[]): Generator<string> {
  for (const { table, key } of adds) {
    const [id = ''] = key
    yield nameOf(table.name, id)
  }
}

/** Part rows that hold references of their own: not those that a manifest took over. */
export async function* ownParts(core: Core): AsyncGenerator<Stored<PartRecord>> {
  let upload: string | undefined
  let taken: ReadonlySet<number> = new Set()
  for await (const part of recordsOf(core.store, partsTable)) {
    if (part.upload !== upload) {
      upload = part.upload
      taken = await takenOver(core, upload)
    }
    if (!taken.has(part.number)) yield part
  }
}

/** The upload's manifest, if it was completed with one, has its name. */
async function takenOver(core: Core, manifest: string): Promise<ReadonlySet<number>> {
  const taken = new Set<number>()
  const { gets } = await core.store.read({ gets: [get(manifestsTable, [manifest])] })
  if (gets[0].record === undefined) return taken
  for await (const { number } of contentParts(core, { content: { manifest }, partCount: null }))
    taken.add(number)
  return taken
}

/** The name and count of every row that counts references. */
export async function* allCounters(core: Core): AsyncGenerator<readonly [string, number]> {
  const columns = ['refs']
  for await (const { id, refs } of recordsOf(core.store, blobsTable, { columns }))
    yield [nameOf(blobsTable.name, id), refs]
  for await (const { id, refs } of recordsOf(core.store, bodiesTable, { columns }))
    yield [nameOf(bodiesTable.name, id), refs]
  for await (const { id, refs } of recordsOf(core.store, manifestsTable, { columns }))
    yield [nameOf(manifestsTable.name, id), refs]
}
