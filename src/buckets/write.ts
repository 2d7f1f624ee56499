/** Putting and deleting versions: pure plans of one batch each, so that operations on two keys can be one batch too. */
import { S3Error } from '../model/errors.ts'
import type { BucketInfo } from '../ports/keyspace.ts'
import {
  type Add,
  type Batch,
  type Check,
  commitDecided,
  get,
  type ReadOptions,
  type Stored,
  scan,
  type Write,
} from '../ports/meta-store.ts'
import { type Located, references } from './content.ts'
import { type KeyWrite, type Plan, retryOnConflict, type Space } from './core.ts'
import { type Change, isMetered, meterAdds } from './meters.ts'
import {
  asCurrent,
  asNoncurrent,
  deleteMarker,
  newVersionId,
  noncurrentId,
  versionIdOf,
} from './records.ts'
import {
  type HeadRecord,
  headsTable,
  type NoncurrentRecord,
  objectsTable,
  type VersionRecord,
  versionsTable,
} from './tables.ts'

const tentative: ReadOptions = { tentative: true }

/** What a key holds, as a decision reads it. */
export interface KeyState {
  readonly key: string
  readonly current: Stored<VersionRecord> | undefined
  /** Only in buckets that ever had versioning. */
  readonly head: Stored<HeadRecord> | undefined
  /** The null version, where it is noncurrent (or a delete marker) and a write would take its place. */
  readonly oldNull: Stored<NoncurrentRecord> | undefined
}

/** What is counted of a version. In a bucket without versioning the others need not be read. */
type Counted = Pick<VersionRecord, 'key' | 'version' | 'size' | 'writer'>

/** Collects what a batch is made of. */
export class Draft {
  readonly checks: Check[] = []
  readonly writes: Write[] = []
  readonly adds: Add[] = []
  /** The bucket that has a quota, or whose volume has one, and what the batch changes in it. */
  #metered: BucketInfo | undefined
  #changes: Change[] | undefined

  batch(): Batch {
    const references = this.adds.length > 1 ? summed(this.adds) : this.adds
    const adds =
      this.#metered === undefined
        ? references
        : [...references, ...meterAdds(this.#metered, this.#changes ?? [])]
    return { checks: this.checks, writes: this.writes, adds }
  }

  /** Removes a noncurrent version and what it refers to. */
  dropVersion(bucket: BucketInfo, record: NoncurrentRecord): void {
    this.writes.push({ remove: versionsTable, key: [record.bucket, record.key, record.version] })
    if (record.marker === 0) this.release(bucket, record)
  }

  /** A version goes for good. */
  release(bucket: BucketInfo, record: Located & Counted): void {
    for (const add of references(record, -1)) this.adds.push(add)
    this.countVersion(bucket, record, -1)
  }

  /** A version comes or goes. */
  countVersion(bucket: BucketInfo, record: Counted, times: 1 | -1): void {
    if (!isMetered(bucket)) return
    const { key, size, writer } = record
    const version = bucket.versioning === 'off' ? '' : record.version
    this.count(bucket, { key, version, bytes: times * size, objects: times, writer })
  }

  /** Whatever comes or goes is counted where there is a quota. */
  count(bucket: BucketInfo, change: Change): void {
    if (!isMetered(bucket)) return
    this.#metered = bucket
    this.#changes ??= []
    this.#changes.push(change)
  }

  /** The decision rests on what the key held. */
  checkKey(bucket: BucketInfo, state: KeyState): void {
    const key = [bucket.id, state.key]
    this.checks.push({ table: objectsTable, key, revision: state.current?.revision ?? null })
    if (bucket.versioning !== 'off') {
      this.checks.push({ table: headsTable, key, revision: state.head?.revision ?? null })
    }
  }
}

/**
 * One add for each counter. What a batch both takes and gives back needs none: the record that held the reference is
 * checked by the same batch. So no order of adds matters, and a counter does not touch zero on its way.
 */
export function summed(adds: readonly Add[]): Add[] {
  const sums = new Map<string, Add>()
  for (const add of adds) {
    const name = `${add.table.name}/${add.key.join('/')}`
    const before = sums.get(name)
    sums.set(name, before === undefined ? add : { ...add, delta: before.delta + add.delta })
  }
  return [...sums.values()].filter(add => add.delta !== 0)
}

/** What a write that replaces a record, or removes it, must know of it: its references, and what conditions judge. */
const replacedColumns = ['size', 'etag', 'modified', 'body', 'content']
const meteredColumns = [...replacedColumns, 'writer']

/**
 * Decides on what the key holds and commits, in one call of the store, by {@link retryOnConflict}. In a bucket without
 * versioning nothing of the record stays, so that little of it is read.
 */
export function attemptOnKey<T>(
  space: Space,
  request: KeyWrite,
  decide: (state: KeyState) => Plan<T>,
): Promise<T> {
  return retryOnConflict(space, request, note => {
    const { core, bucket } = space
    const { key } = request
    const planned = (state: KeyState) => note(decide(state))
    if (bucket.versioning === 'Suspended') {
      // Where the null version is that is to be replaced, only a first read tells.
      return commitDecided(core.store, () => readKey(space, key).then(planned))
    }
    const at = [bucket.id, key]
    if (bucket.versioning === 'Enabled') {
      const gets = [get(objectsTable, at), get(headsTable, at)] as const
      return core.store.commitOn(gets, ([object, head]) =>
        planned({ key, current: object.record, head: head.record, oldNull: undefined }),
      )
    }
    const columns = isMetered(bucket) ? meteredColumns : replacedColumns
    return core.store.commitOn([{ table: objectsTable, key: at, columns }], ([object]) =>
      planned({ key, current: object.record, head: undefined, oldNull: undefined }),
    )
  })
}

/** Reads what a write of the key must know, tentatively: one call, two where a null version is to be replaced. */
export async function readKey(space: Space, key: string): Promise<KeyState> {
  const { core, bucket } = space
  const object = get(objectsTable, [bucket.id, key])
  if (bucket.versioning === 'off') {
    const { gets } = await core.store.read({ gets: [object] }, tentative)
    return { key, current: gets[0].record, head: undefined, oldNull: undefined }
  }
  const { gets } = await core.store.read(
    { gets: [object, get(headsTable, [bucket.id, key])] },
    tentative,
  )
  const current = gets[0].record
  const head = gets[1].record
  let oldNull: Stored<NoncurrentRecord> | undefined
  if (bucket.versioning === 'Suspended' && head?.nullVersion && current?.isNull !== 1) {
    const found = await core.store.read(
      { gets: [get(versionsTable, [bucket.id, key, head.nullVersion])] },
      tentative,
    )
    oldNull = found.gets[0].record
  }
  return { key, current, head, oldNull }
}

export type NewVersion = Omit<VersionRecord, 'bucket' | 'key' | 'version' | 'isNull'>

/** Plans that the key's current version becomes the new one. The new content's references are counted by the caller. */
export function planPut(
  draft: Draft,
  space: Space,
  state: KeyState,
  version: NewVersion,
): VersionRecord {
  const { core, bucket } = space
  draft.checkKey(bucket, state)
  if (bucket.versioning === 'off') {
    if (state.current !== undefined) draft.release(bucket, state.current)
    const record = { ...version, bucket: bucket.id, key: state.key, version: '', isNull: 1 }
    draft.countVersion(bucket, record, 1)
    draft.writes.push({ put: objectsTable, record })
    return record
  }
  const retired = retire(draft, space, state)
  const id = newVersionId(core, state.head, retired.current ?? state.current)
  const isNull = bucket.versioning === 'Suspended' ? 1 : 0
  const record = { ...version, bucket: bucket.id, key: state.key, version: id, isNull }
  draft.countVersion(bucket, record, 1)
  draft.writes.push(
    { put: objectsTable, record },
    headWrite(bucket, state.key, {
      newest: id,
      marker: 0,
      nullVersion: isNull === 1 ? id : retired.nullVersion,
    }),
  )
  return record
}

/** Plans a delete without a version: in a versioned bucket, a delete marker. */
export function planDelete(
  draft: Draft,
  space: Space,
  state: KeyState,
): { versionId: string | undefined; deleteMarker: boolean } {
  const { core, bucket } = space
  draft.checkKey(bucket, state)
  if (bucket.versioning === 'off') {
    if (state.current !== undefined) {
      draft.release(bucket, state.current)
      draft.writes.push({ remove: objectsTable, key: [bucket.id, state.key] })
    }
    return { versionId: undefined, deleteMarker: false }
  }
  const retired = retire(draft, space, state)
  const version = newVersionId(core, state.head, retired.current ?? state.current)
  const isNull = bucket.versioning === 'Suspended'
  const marker = deleteMarker(bucket, state.key, { version, isNull, modified: core.clock.now() })
  if (state.current !== undefined) {
    draft.writes.push({ remove: objectsTable, key: [bucket.id, state.key] })
  }
  draft.writes.push(
    { put: versionsTable, record: marker },
    headWrite(bucket, state.key, {
      newest: version,
      marker: 1,
      nullVersion: isNull ? version : retired.nullVersion,
    }),
  )
  return { versionId: versionIdOf(bucket, marker), deleteMarker: true }
}

/**
 * Makes room for a new newest version: the current one becomes noncurrent, unless versioning is suspended and it is the
 * null version, which is replaced. Answers where the null version is afterwards, if it stays.
 */
function retire(
  draft: Draft,
  space: Space,
  state: KeyState,
): { nullVersion: string | null; current: VersionRecord | undefined } {
  const { core, bucket } = space
  const { current, head, oldNull } = state
  const suspended = bucket.versioning === 'Suspended'
  if (oldNull !== undefined) draft.dropVersion(bucket, oldNull)
  if (current === undefined) {
    return { nullVersion: suspended ? null : (head?.nullVersion ?? null), current: undefined }
  }
  if (suspended && current.isNull === 1) {
    draft.release(bucket, current)
    return { nullVersion: null, current }
  }
  const moved = asNoncurrent(current, noncurrentId(core, current))
  draft.writes.push({ put: versionsTable, record: moved })
  const nullVersion = current.isNull === 1 ? moved.version : (head?.nullVersion ?? null)
  return { nullVersion, current: moved }
}

function headWrite(
  bucket: BucketInfo,
  key: string,
  head: Omit<HeadRecord, 'bucket' | 'key'>,
): Write {
  return { put: headsTable, record: { bucket: bucket.id, key, ...head } }
}

/** A version that was asked for by its id, with what its removal must know. */
export interface VersionState extends KeyState {
  /** The version that goes: the current record, a noncurrent one, or nothing. */
  readonly target: Stored<VersionRecord> | Stored<NoncurrentRecord> | undefined
  readonly targetIsCurrent: boolean
  /** The newest noncurrent version beside the target. */
  readonly next: Stored<NoncurrentRecord> | undefined
}

/** Reads what the removal of one version must know, tentatively. */
export async function readVersion(
  space: Space,
  key: string,
  versionId: string,
): Promise<VersionState> {
  const { core, bucket } = space
  const { gets, scans } = await core.store.read(
    {
      gets: [get(objectsTable, [bucket.id, key]), get(headsTable, [bucket.id, key])],
      scans: [scan(versionsTable, { at: [bucket.id, key], limit: 2 })],
    },
    tentative,
  )
  const current = gets[0].record
  const head = gets[1].record
  const newest = scans[0].entries.filter(entry => typeof entry !== 'string')
  const state = { key, current, head, oldNull: undefined }
  const id = versionId === 'null' ? currentNull(current, head) : versionId
  if (current !== undefined && id !== undefined && current.version === id) {
    return { ...state, target: current, targetIsCurrent: true, next: newest[0] }
  }
  if (id === undefined)
    return { ...state, target: undefined, targetIsCurrent: false, next: undefined }
  let target = newest.find(record => record.version === id)
  if (target === undefined) {
    const found = await core.store.read(
      { gets: [get(versionsTable, [bucket.id, key, id])] },
      tentative,
    )
    target = found.gets[0].record
  }
  const next = newest.find(record => record.version !== id)
  return { ...state, target, targetIsCurrent: false, next }
}

/** The id that the null version goes by; what was written before versioning has an empty one. */
function currentNull(
  current: VersionRecord | undefined,
  head: HeadRecord | undefined,
): string | undefined {
  if (current?.isNull === 1) return current.version
  return head?.nullVersion ?? undefined
}

/** Plans that one version goes for good, and that the next one takes its place if it was the newest. */
export function planRemoveVersion(draft: Draft, space: Space, state: VersionState): void {
  const { bucket } = space
  const { target, next, head } = state
  draft.checkKey(bucket, state)
  if (target === undefined) return
  const key = [bucket.id, state.key]
  if (!state.targetIsCurrent) {
    if (!('marker' in target)) throw new S3Error('InternalError')
    draft.checks.push({
      table: versionsTable,
      key: [bucket.id, state.key, target.version],
      revision: target.revision,
    })
    draft.dropVersion(bucket, target)
    const wasNull = head?.nullVersion === target.version
    if (state.current !== undefined || head?.newest !== target.version) {
      if (head !== undefined && wasNull) {
        draft.writes.push(headWrite(bucket, state.key, { ...pickHead(head), nullVersion: null }))
      }
      return
    }
    promote(draft, bucket, { state, next, nullGone: wasNull })
    return
  }
  draft.release(bucket, target)
  if (next === undefined || next.marker === 1) draft.writes.push({ remove: objectsTable, key })
  promote(draft, bucket, { state, next, nullGone: target.isNull === 1 })
}

function pickHead({ newest, marker, nullVersion }: HeadRecord) {
  return { newest, marker, nullVersion }
}

/** The newest noncurrent version becomes what the key shows; without one the key is gone. */
function promote(
  draft: Draft,
  bucket: BucketInfo,
  what: { state: KeyState; next: Stored<NoncurrentRecord> | undefined; nullGone: boolean },
): void {
  const { state, next, nullGone } = what
  if (next === undefined) {
    if (state.head !== undefined) {
      draft.writes.push({ remove: headsTable, key: [bucket.id, state.key] })
    }
    return
  }
  const { revision } = next
  const key = [bucket.id, state.key, next.version]
  draft.checks.push({ table: versionsTable, key, revision })
  if (next.marker === 0) {
    draft.writes.push(
      { remove: versionsTable, key },
      { put: objectsTable, record: asCurrent(next) },
    )
  }
  const nullVersion = nullGone ? null : (state.head?.nullVersion ?? null)
  draft.writes.push(
    headWrite(bucket, state.key, { newest: next.version, marker: next.marker, nullVersion }),
  )
}
