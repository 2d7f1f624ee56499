import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'

const module = JSON.stringify(new URL('./interrupted.ts', import.meta.url).href)

function program(work: string) {
  const script = `
    import { sayIfInterrupted } from ${module}
    const work = ${work}
    setInterval(() => undefined, 1000).unref()
    const ended = sayIfInterrupted(() => console.log('stopped'), work)
    console.log('begun')
    console.log(await ended)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let text = ''
  const begun = Promise.withResolvers<void>()
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    text += part
    begun.resolve()
  })
  return { child, begun: begun.promise, text: () => text }
}

for (const signal of ['SIGINT', 'SIGTERM'] as const)
  test(`${signal} ends a command as it would without us, once it was told what that means`, async () => {
    const { child, begun, text } = program('new Promise(resolve => setTimeout(resolve, 60_000))')
    await begun
    child.kill(signal)
    const [status, by] = await once(child, 'close')
    assert.deepEqual([status, by, text()], [null, signal, 'begun\nstopped\n'])
  })

test('work that ends by itself says nothing of that', async () => {
  const { child, text } = program('Promise.resolve(7)')
  const [status] = await once(child, 'close')
  assert.deepEqual([status, text()], [0, 'begun\n7\n'])
})
