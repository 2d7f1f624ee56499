// Remote commands of tests, on a server that is running.

import assert from 'node:assert/strict'
import { type Running, root, runCommand } from './server.ts'

export interface Key {
  readonly accessKeyId: string
  readonly secret: string
}

/** Runs `moongate LINE` with a key, the root's if none is named. */
export async function moongate(
  { endpoint }: Pick<Running, 'endpoint'>,
  line: string,
  key: Key = root,
) {
  const { status, stdout, stderr } = await runCommand(line.split(' '), {
    keys: false,
    env: {
      MOONGATE_ENDPOINT: endpoint,
      MOONGATE_ACCESS_KEY_ID: key.accessKeyId,
      MOONGATE_SECRET_ACCESS_KEY: key.secret,
    },
  })
  return { status, stdout, stderr, said: stdout + stderr }
}

/** The command must end so, and say that. */
export async function requireSaid(
  running: Pick<Running, 'endpoint'>,
  line: string,
  words: RegExp,
  status = 0,
): Promise<void> {
  const done = await moongate(running, line)
  assert.match(done.said, words, line)
  assert.equal(done.status, status, line)
}

/** A new key of a user. */
export async function keyOf(running: Pick<Running, 'endpoint'>, user: string): Promise<Key> {
  const { stdout } = await moongate(running, `key create ${user} --json`)
  const { key, secretAccessKey } = JSON.parse(stdout) as {
    key: { accessKeyId: string }
    secretAccessKey: string
  }
  return { accessKeyId: key.accessKeyId, secret: secretAccessKey }
}
