/** The cache stays within its bytes, serves nothing stale, and outlives walks over more than it can hold. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { MetaStore, Stored } from '../ports/meta-store.ts'
import { ObjectCache } from './object-cache.ts'
import type { VersionRecord } from './tables.ts'

const generations = new Map<string, number>()
const store = {
  generation: (_table: object, [, key]: readonly string[]) => generations.get(key ?? '') ?? 0,
} as unknown as MetaStore

const object = (bytes: number) => ({
  record: {
    bucket: 'b',
    owner: 'somebody',
    storageClass: null,
    checksumAlgorithm: 'CRC64NVME',
    checksumType: 'FULL_OBJECT',
    content: null,
  } as Stored<VersionRecord>,
  bytes: new Uint8Array(bytes).fill(0xe9),
})

/** How many of the keys are there. */
const present = (cache: ObjectCache, keys: readonly string[]) =>
  keys.filter(key => cache.get('b', key) !== undefined).length

const keysOf = (count: number) => Array.from({ length: count }, (_, index) => `key-${index}`)

/** A read of each key, which puts in what is not there. */
function walk(cache: ObjectCache, keys: readonly string[]): void {
  for (const key of keys) {
    if (cache.get('b', key) === undefined) cache.set('b', key, 0, object(1000))
  }
}

describe('the cache of objects', () => {
  it('serves an entry only as long as its generation stands', () => {
    const cache = new ObjectCache(store, 1 << 20)
    cache.set('b', 'moving', 0, object(10))
    assert.notEqual(cache.get('b', 'moving'), undefined)
    generations.set('moving', 1)
    assert.equal(cache.get('b', 'moving'), undefined)
    generations.set('moving', 0)
    assert.equal(cache.get('b', 'moving'), undefined)
  })
  it('keeps most of what fits when more than that is walked over again and again', () => {
    const cache = new ObjectCache(store, 150_000)
    const keys = keysOf(150)
    for (let round = 0; round < 20; round++) walk(cache, keys)
    const kept = present(cache, keys)
    // About 1.5 kB each: a hundred fit.
    assert.ok(kept >= 80 && kept <= 110, String(kept))
  })
  it('takes in what is asked for often, though it is full', () => {
    const cache = new ObjectCache(store, 150_000)
    walk(cache, keysOf(150))
    for (let times = 0; times < 500; times++) walk(cache, ['late'])
    assert.notEqual(cache.get('b', 'late'), undefined)
  })
  it('gives back every byte, as a string if they are few', () => {
    const cache = new ObjectCache(store, 1 << 20)
    for (const size of [0, 1, 8192, 8193]) {
      cache.set('b', `of ${size}`, 0, object(size))
      const found = cache.get('b', `of ${size}`)
      const { bytes = '' } = found ?? {}
      assert.deepEqual(Buffer.from(bytes as string, 'latin1'), Buffer.alloc(size, 0xe9))
      assert.equal(found?.record.key, `of ${size}`)
    }
  })
  it('frees what is forgotten', () => {
    const cache = new ObjectCache(store, 150_000)
    const keys = keysOf(90)
    for (let round = 0; round < 3; round++) {
      walk(cache, keys)
      assert.equal(present(cache, keys), 90)
      for (const key of keys) cache.forget('b', key)
    }
  })
  it('keeps nothing without room', () => {
    const cache = new ObjectCache(store, 0)
    for (let times = 0; times < 200; times++) cache.set('b', 'key', 0, object(0))
    assert.equal(cache.get('b', 'key'), undefined)
  })
})
