/** Folders with objects of every kind, and what a check finds in them. */
import assert from 'node:assert/strict'
import {
  bodyOf,
  bucketOf,
  completeOf,
  copyOf,
  type House,
  memoryHouse,
  partsOf,
  putOf,
  uploadOf,
} from '../../buckets/house.fixture.ts'
import { checksumAlgorithms, checksumTypes } from '../../model/checksums.ts'
import type { Write } from '../../ports/meta-store.ts'
import { readyChecksums } from '../../wire/checksums/hashers.ts'
import { checkFolder } from './check.ts'
import type { Finding } from './finding.ts'

export const small = { embeddedSlices: 2, rowParts: 2, partBytes: 1 }
export const long = 'a body that is not kept beside the metadata'

export async function checked(house: House, repair = false, bucket?: string) {
  const findings: Finding[] = []
  let last = { objects: 0, objectsTotal: 0, bytes: 0, bytesTotal: 0 }
  const report = await checkFolder(house.core, {
    bucket,
    repair,
    onFinding: finding => findings.push(finding),
    onProgress: progress => {
      last = progress
    },
  })
  assert.equal(report.problems, findings.length)
  return { report, findings, last, kinds: findings.map(({ kind }) => kind).toSorted() }
}

/** Objects of every kind: small and large, in parts and by a manifest, copied, versioned, appended to; uploads. */
export async function filled(): Promise<House> {
  await readyChecksums()
  const house = memoryHouse({ thresholds: small })
  const plain = await bucketOf(house, 'plain')
  await plain.put(putOf('empty', ''))
  for (const key of ['a', 'a/b', 'a//b', '../x', '.', '\u{1f311}', '\uffee', 'é'])
    await plain.put(putOf(key, key))
  for (const checksumAlgorithm of checksumAlgorithms)
    await plain.put(putOf(`sum-${checksumAlgorithm}`, long, { checksumAlgorithm }))
  await plain.put(putOf('large', long))
  await plain.copy(copyOf(plain, 'large', 'copy'))
  await plain.put(putOf('a', ` and ${long}`, { writeOffset: 1 }))
  for (const [key, count] of [['embedded', 2] as const, ['manifest', 5] as const]) {
    const { uploadId, parts } = await partsOf(plain, key, Array(count).fill(long))
    await plain.complete(completeOf(key, uploadId, parts))
  }
  await plain.copy(copyOf(plain, 'manifest', 'manifest-copy', { checksumAlgorithm: 'SHA256' }))
  for (const checksumAlgorithm of checksumAlgorithms) {
    const [checksumType] = checksumTypes[checksumAlgorithm]
    const key = `parts-${checksumAlgorithm}`
    const upload = uploadOf(key, { checksumAlgorithm, checksumType })
    const { uploadId } = await plain.createUpload(upload)
    const parts = []
    for (const number of [1, 3])
      parts.push(await plain.putPart({ key, uploadId, number, body: bodyOf(`${long}${number}`) }))
    await plain.complete(completeOf(key, uploadId, parts))
  }
  await partsOf(plain, 'under-way', ['one', long])
  const versioned = await bucketOf(house, 'versioned')
  await versioned.put(putOf('before', long))
  await versioned.put(putOf('untouched', long))
  const { bucket } = versioned
  await house.buckets.setVersioning(bucket, 'Enabled')
  const enabled = house.buckets.keyspace(await house.buckets.find(bucket.volume, bucket.name))
  for (const text of ['1', long, '3']) await enabled.put(putOf('before', text))
  for (const text of ['1', '2']) await enabled.put(putOf('hidden', text))
  await enabled.delete({ key: 'hidden', conditions: {} })
  return house
}

export const change = (house: House, ...writes: Write[]) => house.store.commit({ writes })
