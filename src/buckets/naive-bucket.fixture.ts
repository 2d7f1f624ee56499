/** A naive S3 that keeps lists of versions, and the comparison of a bucket with it. */
import assert from 'node:assert/strict'
import type { Keyspace } from '../ports/keyspace.ts'
import { bytesOf } from './house.fixture.ts'

interface Version {
  id: string
  marker: boolean
  content: string
  tag: string
}

/** What S3 documents, as simply as it can be written. */
export class NaiveBucket {
  versioning: 'off' | 'Enabled' | 'Suspended' = 'off'
  /** Newest first. */
  readonly keys = new Map<string, Version[]>()

  versions(key: string): Version[] {
    return this.keys.get(key) ?? []
  }
  current(key: string): Version | undefined {
    const newest = this.versions(key)[0]
    return newest?.marker === false ? newest : undefined
  }
  put(key: string, content: string, tag: string, id: string | undefined): void {
    this.#add(key, { id: id ?? 'null', marker: false, content, tag })
  }
  delete(key: string, id: string | undefined): void {
    if (this.versioning === 'off') this.remove(key, 'null')
    else this.#add(key, { id: id ?? 'null', marker: true, content: '', tag: '' })
  }
  remove(key: string, id: string): void {
    const rest = this.versions(key).filter(version => version.id !== id)
    if (rest.length === 0) this.keys.delete(key)
    else this.keys.set(key, rest)
  }
  #add(key: string, version: Version): void {
    assert.equal(version.id === 'null', this.versioning !== 'Enabled')
    const rest = this.versions(key).filter(({ id }) => id !== version.id)
    assert.ok(version.id === 'null' || rest.length === this.versions(key).length)
    this.keys.set(key, [version, ...rest])
  }
  sorted(): string[] {
    return [...this.keys.keys()].toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  }
}

export function pick(bucket: NaiveBucket, key: string, place: number): Version | undefined {
  return place < 0 ? bucket.current(key) : bucket.versions(key)[place]
}

export async function readOne(space: Keyspace, bucket: NaiveBucket, key: string, place: number) {
  const version = pick(bucket, key, place)
  if (version === undefined) {
    if (place < 0) await assert.rejects(space.head({ key }), { code: 'NoSuchKey' })
    if (bucket.versions(key).every(({ id }) => id !== 'null')) {
      await assert.rejects(space.head({ key, versionId: 'null' }), { code: 'NoSuchVersion' })
    }
    return
  }
  const versionId = place < 0 ? undefined : version.id
  if (version.marker) {
    await assert.rejects(space.head({ key, versionId }), { code: 'MethodNotAllowed' })
    return
  }
  const info = await space.head({ key, versionId })
  assert.equal(info.versionId ?? 'null', version.id)
  assert.equal(info.tags[0]?.Key ?? '', version.tag)
  assert.equal(await bytesOf(space, key, versionId), version.content)
  const object = await space.open({ key, versionId })
  const span = { start: version.content.length >> 2, end: version.content.length >> 1 }
  let part = ''
  for await (const chunk of await object.stream(span)) part += Buffer.from(chunk).toString()
  assert.equal(part, version.content.slice(span.start, span.end))
}

interface Page {
  readonly prefix: string
  readonly delimiter: string
  readonly limit: number
}

/** Keys and groups of a listing, in order, whose keys hold something that `shows` says is listed. */
function namesOf(
  bucket: NaiveBucket,
  { prefix, delimiter }: Page,
  shows: (key: string) => boolean,
) {
  const found = new Set<string>()
  for (const key of bucket.sorted()) {
    if (!key.startsWith(prefix) || !shows(key)) continue
    const at = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length)
    found.add(at < 0 ? `=${key}` : `/${key.slice(0, at + delimiter.length)}`)
  }
  return [...found]
}

export async function listAll(space: Keyspace, bucket: NaiveBucket, page: Page): Promise<void> {
  const seen: string[] = []
  for (let after = '', more = true; more; ) {
    const answer = await space.list({ ...page, after })
    assert.ok(answer.entries.length <= page.limit)
    for (const entry of answer.entries) {
      seen.push(typeof entry === 'string' ? `/${entry}` : `=${entry.key}`)
      after = typeof entry === 'string' ? entry : entry.key
      if (typeof entry === 'string') continue
      assert.equal(entry.size, bucket.current(entry.key)?.content.length)
    }
    more = answer.more
  }
  assert.deepEqual(
    seen,
    namesOf(bucket, page, key => bucket.current(key) !== undefined),
  )
}

export async function listAllVersions(
  space: Keyspace,
  bucket: NaiveBucket,
  page: Page,
): Promise<void> {
  const seen: unknown[] = []
  for (let after = '', afterVersion = '', more = true; more; ) {
    const answer = await space.listVersions({ ...page, after, afterVersion })
    assert.ok(answer.entries.length <= page.limit)
    for (const entry of answer.entries) {
      after = typeof entry === 'string' ? entry : entry.key
      afterVersion = typeof entry === 'string' ? '' : entry.versionId
      if (typeof entry === 'string') seen.push(`/${entry}`)
      else seen.push([entry.key, entry.versionId, entry.isLatest, entry.isDeleteMarker, entry.size])
    }
    more = answer.more
  }
  const expected = namesOf(bucket, page, () => true).flatMap((name): unknown[] => {
    if (name.startsWith('/')) return [name]
    const key = name.slice(1)
    return bucket
      .versions(key)
      .map(({ id, marker, content }, place) => [key, id, place === 0, marker, content.length])
  })
  assert.deepEqual(seen, expected)
}
