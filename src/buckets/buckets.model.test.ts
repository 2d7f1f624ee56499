/** Random sequences of requests against a naive S3 that keeps lists of versions. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { S3Error } from '../model/errors.ts'
import type { Keyspace } from '../ports/keyspace.ts'
import { auditAfterSweep, auditHeads, auditReferences } from './audit.fixture.ts'
import {
  bodyOf,
  completeOf,
  copyOf,
  type House,
  houseOn,
  keyspaceOf,
  memoryHouse,
  owner,
  putOf,
  twoWorkers,
  uploadOf,
  volume,
} from './house.fixture.ts'
import { listAll, listAllVersions, NaiveBucket, pick, readOne } from './naive-bucket.fixture.ts'

const names = ['one', 'two'] as const
const keys = ['a', 'a/b', 'a/c', 'a/c/d', 'b', '\u{ffff}', '\u{10000}/z']

const anyKey = fc.constantFrom(...keys)
const anyBucket = fc.constantFrom(...names)
const anyContent = fc
  .tuple(fc.constantFrom('p', 'q', 'r'), fc.integer({ min: 0, max: 50 }))
  .map(([letter, length]) => letter.repeat(length) + (length % 7 === 0 ? '' : String(length)))
const anyPart = fc.oneof(
  fc.record({ number: fc.integer({ min: 1, max: 7 }), content: anyContent }),
  fc.record({ number: fc.integer({ min: 1, max: 7 }), from: anyKey, cut: fc.nat(5) }),
)
type AnyPart = { number: number; content: string } | { number: number; from: string; cut: number }

type Command = { readonly bucket: (typeof names)[number]; readonly worker: number } & (
  | { op: 'put'; key: string; content: string }
  | { op: 'delete'; key: string }
  | { op: 'remove'; key: string; nth: number }
  | { op: 'copy'; from: string; key: string; source: (typeof names)[number]; nth: number }
  | { op: 'rename'; from: string; key: string }
  | { op: 'append'; key: string; content: string }
  | { op: 'tag'; key: string; nth: number; tag: string }
  | {
      op: 'upload'
      key: string
      parts: AnyPart[]
      left: number
      end: 'complete' | 'abort' | 'leave'
    }
  | { op: 'versioning'; state: 'Enabled' | 'Suspended' }
  | { op: 'read'; key: string; nth: number }
  | { op: 'list'; prefix: string; delimiter: string; limit: number }
  | { op: 'sweep' }
)

const where = { bucket: anyBucket, worker: fc.nat(1) }
const nth = fc.integer({ min: -1, max: 3 })
const anyCommand: fc.Arbitrary<Command> = fc.oneof(
  fc.record({ ...where, op: fc.constant('put' as const), key: anyKey, content: anyContent }),
  fc.record({ ...where, op: fc.constant('delete' as const), key: anyKey }),
  fc.record({ ...where, op: fc.constant('remove' as const), key: anyKey, nth: fc.nat(3) }),
  fc.record({
    ...where,
    op: fc.constant('copy' as const),
    from: anyKey,
    key: anyKey,
    source: anyBucket,
    nth,
  }),
  fc.record({ ...where, op: fc.constant('rename' as const), from: anyKey, key: anyKey }),
  fc.record({ ...where, op: fc.constant('append' as const), key: anyKey, content: anyContent }),
  fc.record({
    ...where,
    op: fc.constant('tag' as const),
    key: anyKey,
    nth,
    tag: fc.constantFrom('', 's', 't'),
  }),
  fc.record({
    ...where,
    op: fc.constant('upload' as const),
    key: anyKey,
    parts: fc.array(anyPart, { minLength: 1, maxLength: 9 }),
    left: fc.nat(127),
    end: fc.constantFrom(
      'complete' as const,
      'complete' as const,
      'abort' as const,
      'leave' as const,
    ),
  }),
  fc.record({
    ...where,
    op: fc.constant('versioning' as const),
    state: fc.constantFrom('Enabled' as const, 'Suspended' as const),
  }),
  fc.record({ ...where, op: fc.constant('read' as const), key: anyKey, nth }),
  fc.record({
    ...where,
    op: fc.constant('list' as const),
    prefix: fc.constantFrom('', 'a', 'a/', 'a/c', '\u{10000}'),
    delimiter: fc.constantFrom('', '/', 'c'),
    limit: fc.integer({ min: 1, max: 4 }),
  }),
  fc.record({ ...where, op: fc.constant('sweep' as const) }),
)

interface World {
  readonly houses: readonly [House, House]
  readonly model: ReadonlyMap<string, NaiveBucket>
}

const modelOf = (world: World, name: string): NaiveBucket => {
  const bucket = world.model.get(name)
  if (bucket === undefined) throw new Error(name)
  return bucket
}

async function run(world: World, command: Command): Promise<void> {
  const house = world.houses[command.worker === 0 ? 0 : 1]
  house.clock.time += command.op.length - 5
  const space = await keyspaceOf(house.buckets, command.bucket)
  const bucket = modelOf(world, command.bucket)
  switch (command.op) {
    case 'put': {
      const { key, content } = command
      const made = await space.put(putOf(key, content))
      assert.equal(made.etag, createHash('md5').update(content).digest('hex'))
      return bucket.put(key, content, '', made.versionId)
    }
    case 'delete': {
      const { versionId, deleteMarker } = await space.delete({ key: command.key, conditions: {} })
      assert.equal(deleteMarker, bucket.versioning !== 'off')
      return bucket.delete(command.key, versionId)
    }
    case 'remove': {
      const version = bucket.versions(command.key)[command.nth]
      if (version === undefined) return
      const { id: versionId, marker } = version
      const gone = await space.delete({ key: command.key, versionId, conditions: {} })
      assert.deepEqual(gone, { versionId, deleteMarker: marker })
      return bucket.remove(command.key, versionId)
    }
    case 'versioning':
      await house.buckets.setVersioning(space.bucket, command.state)
      bucket.versioning = command.state
      return
    case 'tag':
      return tag(space, bucket, command)
    case 'read':
      return readOne(space, bucket, command.key, command.nth)
    case 'list':
      await listAll(space, bucket, command)
      return listAllVersions(space, bucket, command)
    case 'sweep':
      return
    case 'copy':
    case 'rename':
    case 'append':
    case 'upload':
      return runMore(world, space, command)
  }
}

type Source = Extract<Command, { op: 'copy' | 'rename' | 'append' | 'upload' }>

async function runMore(world: World, space: Keyspace, command: Source): Promise<void> {
  const bucket = modelOf(world, command.bucket)
  switch (command.op) {
    case 'copy': {
      const house = world.houses[command.worker === 0 ? 0 : 1]
      const source = await keyspaceOf(house.buckets, command.source)
      const version = pick(modelOf(world, command.source), command.from, command.nth)
      if (command.nth >= 0 && version === undefined) return
      const versionId = command.nth < 0 ? undefined : version?.id
      const copying = space.copy(
        copyOf(source, command.from, command.key, { from: { key: command.from, versionId } }),
      )
      if (version === undefined || version.marker) return refused(copying)
      const made = await copying
      assert.equal(made.sourceVersionId ?? 'null', version.id)
      return bucket.put(command.key, version.content, version.tag, made.versionId)
    }
    case 'rename': {
      const version = bucket.current(command.from)
      const { from, key: to } = command
      const renaming = space.rename({
        from,
        to,
        sourceConditions: {},
        conditions: {},
        token: undefined,
      })
      if (version === undefined || from === to) return refused(renaming)
      await renaming
      const { versionId } = await space.head({ key: to })
      bucket.put(to, version.content, version.tag, versionId)
      if (bucket.versioning !== 'Enabled') return bucket.delete(from, undefined)
      const page = await space.listVersions({
        prefix: from,
        delimiter: '',
        after: '',
        afterVersion: '',
        limit: 1,
      })
      const marker = page.entries[0]
      assert.ok(typeof marker === 'object' && marker.key === from && marker.isDeleteMarker)
      return bucket.delete(from, marker.versionId)
    }
    case 'append': {
      const before = bucket.current(command.key)
      const writeOffset = before?.content.length ?? 0
      const made = await space.put(putOf(command.key, command.content, { writeOffset }))
      const content = (before?.content ?? '') + command.content
      assert.equal(made.size, content.length)
      const kept = writeOffset > 0 ? (before?.tag ?? '') : ''
      return bucket.put(command.key, content, kept, made.versionId)
    }
    case 'upload':
      return upload(world, space, command)
  }
}

async function refused(request: Promise<unknown>): Promise<void> {
  await assert.rejects(request, S3Error)
}

/** The version by its place from the newest; -1: the current one. */
async function tag(space: Keyspace, bucket: NaiveBucket, command: Extract<Command, { op: 'tag' }>) {
  const version = pick(bucket, command.key, command.nth)
  if (command.nth >= 0 && version === undefined) return
  const ref = { key: command.key, versionId: command.nth < 0 ? undefined : version?.id }
  const tagging = space.setTags(ref, command.tag === '' ? [] : [{ Key: command.tag, Value: 'v' }])
  if (version === undefined || version.marker) return refused(tagging)
  assert.equal((await tagging).versionId ?? 'null', version.id)
  version.tag = command.tag
}

async function upload(world: World, space: Keyspace, command: Extract<Command, { op: 'upload' }>) {
  const bucket = modelOf(world, command.bucket)
  const { key, parts, left, end } = command
  const { uploadId } = await space.createUpload(uploadOf(key))
  const sent = new Map<number, { etag: string; content: string }>()
  for (const part of parts) {
    const { number } = part
    if ('content' in part) {
      if (part.content === '') continue
      const { etag } = await space.putPart({ key, uploadId, number, body: bodyOf(part.content) })
      sent.set(number, { etag, content: part.content })
      continue
    }
    const source = bucket.current(part.from)
    if (source === undefined || source.content.length <= part.cut + 1) continue
    const range = { start: part.cut, end: source.content.length - 1 }
    const from = { key: part.from }
    const copied = await space.copyPart({
      key,
      uploadId,
      number,
      source: space,
      from,
      sourceConditions: {},
      range,
    })
    const content = source.content.slice(range.start, range.end)
    assert.equal(copied.etag, createHash('md5').update(content).digest('hex'))
    sent.set(number, { etag: copied.etag, content })
  }
  if (end === 'abort') return space.abort({ key, uploadId })
  const chosen = [...sent].filter(([number]) => ((left >> (number - 1)) & 1) === 0)
  if (end === 'leave' || chosen.length === 0) return
  const listed = chosen.toSorted(([a], [b]) => a - b)
  const request = completeOf(
    key,
    uploadId,
    listed.map(([number, { etag }]) => ({ number, etag })),
  )
  const made = await space.complete(request)
  assert.deepEqual(await space.complete(request), made)
  bucket.put(key, listed.map(([, { content }]) => content).join(''), '', made.versionId)
}

const tiny = {
  embeddedSlices: 3,
  rowParts: 2,
  rowSlices: 3,
  sharedSlices: 4,
  partPage: 2,
  clearRows: 2,
  clearReferences: 2,
  partBytes: 1,
}

async function check(houses: readonly [House, House], commands: readonly Command[]): Promise<void> {
  const world: World = { houses, model: new Map(names.map(name => [name, new NaiveBucket()])) }
  for (const name of names) {
    await houses[0].buckets.create({ volume, name, owner, region: 'r', settings: {} })
  }
  for (const command of commands) await run(world, command)
  await auditReferences(houses[0])
  await auditHeads(houses[0])
  for (const swept of [false, true]) {
    if (swept) await auditAfterSweep(houses[0])
    for (const name of names) {
      const bucket = modelOf(world, name)
      const space = await keyspaceOf(houses[1].buckets, name)
      for (const page of [
        { prefix: '', delimiter: '', limit: 3 },
        { prefix: 'a', delimiter: '/', limit: 2 },
      ]) {
        await listAll(space, bucket, page)
        await listAllVersions(space, bucket, page)
      }
      for (const [key, versions] of bucket.keys) {
        for (const place of [-1, ...versions.keys()]) await readOne(space, bucket, key, place)
      }
    }
  }
}

/** More rounds by hand: MODEL_RUNS=5000. */
const runs = Number(process.env['MODEL_RUNS'] ?? 100)
const sequences = fc.array(anyCommand, { minLength: 5, maxLength: 40, size: 'max' })

test('random requests do what S3 documents, in memory', async () => {
  await fc.assert(
    fc.asyncProperty(sequences, async commands => {
      const first = memoryHouse({ thresholds: tiny })
      const second = houseOn(first.store, first.blobs, first.clock, { thresholds: tiny, worker: 1 })
      try {
        await check([first, second], commands)
      } finally {
        await first.close()
      }
    }),
    { numRuns: runs },
  )
})

test('random requests do what S3 documents, by two workers on disk', async () => {
  await fc.assert(
    fc.asyncProperty(sequences, async commands => {
      const houses = await twoWorkers({ thresholds: tiny })
      try {
        await check(houses, commands)
      } finally {
        await houses[0].close()
      }
    }),
    { numRuns: Math.ceil(runs / 15) },
  )
})
