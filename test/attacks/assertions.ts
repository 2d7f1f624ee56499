// What every attack's test asserts: the refusal, and that nothing came of the request.

import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Answer } from '../client.ts'
import type { Running } from '../server.ts'

/** The answer is this S3 error, told as every error is. */
export function refused(answer: Answer, status: number, code: string): void {
  assert.equal(`${answer.status} ${answer.code}`, `${status} ${code}`, answer.text)
  assert.match(answer.headers['x-amz-request-id'] ?? '', /^[0-9A-Z]{16}$/)
}

/** Files of blobs, whole or in the making, below a data folder. */
export function blobFiles(data: string): string[] {
  const names = readdirSync(data, { recursive: true, withFileTypes: true })
  return names
    .filter(
      entry =>
        entry.isFile() &&
        entry.name !== 'store-id' &&
        /(?:blobs|temporary)/.test(entry.parentPath.slice(data.length)),
    )
    .map(entry => join(entry.parentPath, entry.name))
}

/** The bucket lists exactly these keys, and the server answers. */
export async function onlyKeys(running: Running, keys: readonly string[]): Promise<void> {
  assert.deepEqual(await running.client.keys(), keys)
}

/** Resolves when the condition holds; fails after ten seconds. */
export async function eventually(condition: () => boolean | Promise<boolean>, what: string) {
  for (let tries = 0; tries < 200; tries += 1) {
    if (await condition()) return
    await new Promise(resolve => setTimeout(resolve, 50))
  }
  assert.fail(`never happened: ${what}`)
}
