import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Undo } from './undo.ts'

test('what was done last is undone first, and a step that fails keeps none from being done', async () => {
  const undo = new Undo()
  const done: string[] = []
  undo.add(() => void done.push('first'))
  undo.add(async () => {
    throw new Error('second')
  })
  undo.add(() => {
    throw new Error('third')
  })
  undo.add(async () => void done.push('fourth'))
  await assert.rejects(undo.run(), /third/)
  assert.deepEqual(done, ['fourth', 'first'])
  await undo.run()
  assert.equal(done.length, 2)
})
