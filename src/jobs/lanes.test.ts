import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Lanes } from './lanes.ts'

function task() {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  return { run: () => promise, resolve, reject }
}

/** Whether the promise is settled once everything that can run now has run. */
async function settled(promise: Promise<unknown>): Promise<boolean> {
  let done = false
  promise.then(
    () => {
      done = true
    },
    () => {
      done = true
    },
  )
  await new Promise(resolve => setImmediate(resolve))
  return done
}

test('as many run as there are lanes, and heavy ones take several', async () => {
  const lanes = new Lanes(4)
  const [heavy, light, next, giant, last] = [task(), task(), task(), task(), task()]
  await lanes.run(heavy.run, 3)
  await lanes.run(light.run)
  const waiting = lanes.run(next.run)
  assert.equal(await settled(waiting), false)
  light.resolve()
  assert.equal(await settled(waiting), true)
  const alone = lanes.run(giant.run, 100)
  heavy.resolve()
  assert.equal(await settled(alone), false)
  next.resolve()
  assert.equal(await settled(alone), true)
  const after = lanes.run(last.run)
  assert.equal(await settled(after), false)
  giant.resolve()
  last.resolve()
  await after
  await lanes.idle()
})

test('what a piece of work threw is thrown by what comes next, once the others have ended', async () => {
  const lanes = new Lanes(2)
  const [bad, slow] = [task(), task()]
  await lanes.run(bad.run)
  await lanes.run(slow.run)
  bad.reject(new Error('the first'))
  const idle = lanes.idle()
  assert.equal(await settled(idle), false)
  slow.resolve()
  await assert.rejects(idle, /the first/)
  await assert.rejects(
    lanes.run(async () => undefined),
    /the first/,
  )
})
