import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'

/** Resolves when the text has come; rejects when the output ends before. */
async function heard(output: AsyncIterable<unknown>, text: RegExp): Promise<RegExpExecArray> {
  let all = ''
  for await (const chunk of output) {
    all += String(chunk)
    const found = text.exec(all)
    if (found !== null) return found
  }
  throw new Error(`${text} was not said: ${all}`)
}

test('a server that npm started ends with npm', { timeout: 30_000 }, async t => {
  const npm = spawn('npm', ['start', '--', '--memory', '--port', '0', '--log-level', 'error'], {
    cwd: new URL('..', import.meta.url),
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  t.after(() => npm.kill('SIGKILL'))
  // The pipe is shared with the server and ends when both are gone.
  const gone = once(npm.stdout, 'close')
  const output = npm.stdout.iterator({ destroyOnReturn: false })
  const [, endpoint = ''] = await heard(output, /serves S3 at (\S+)/)
  assert.equal((await fetch(`${endpoint}/-/health/ready`)).status, 200)
  npm.kill('SIGTERM')
  npm.stdout.resume()
  await gone
  await assert.rejects(fetch(`${endpoint}/-/health/ready`))
})
