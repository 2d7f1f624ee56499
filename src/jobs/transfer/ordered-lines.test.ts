import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { aheadMax, OrderedLines } from './ordered-lines.ts'

test('property: texts are written in the order of their places, however they come', async () => {
  const order = fc.integer({ min: 1, max: 60 }).chain(count =>
    fc.shuffledSubarray(
      Array.from({ length: count }, (_, i) => i),
      { minLength: count },
    ),
  )
  await fc.assert(
    fc.asyncProperty(order, fc.array(fc.boolean()), async (places, pauses) => {
      let written = ''
      const lines = new OrderedLines({
        async append(text) {
          await new Promise(resolve => setImmediate(resolve))
          written += text
        },
      })
      for (const _ of places) await lines.place()
      const sets = []
      for (const [index, place] of places.entries()) {
        sets.push(lines.set(place, `${place},`))
        if (pauses[index] === true) await new Promise(resolve => setImmediate(resolve))
      }
      await Promise.all(sets)
      assert.equal(
        written,
        places
          .toSorted((a, b) => a - b)
          .map(place => `${place},`)
          .join(''),
      )
    }),
    { numRuns: 50 },
  )
})

test('places wait when one text is long in coming', async () => {
  const lines = new OrderedLines({ append: async () => undefined })
  for (let i = 0; i < aheadMax; i++) await lines.place()
  let given = false
  const place = lines.place().then(number => {
    given = true
    return number
  })
  for (let i = 1; i < aheadMax; i++) await lines.set(i, 'x')
  assert.equal(given, false)
  await lines.set(0, 'x')
  assert.equal(await place, aheadMax)
})

test('a disk that fails is told to who writes and to who waits', async () => {
  const lines = new OrderedLines({ append: () => Promise.reject(new Error('no disk')) })
  for (let i = 0; i < aheadMax; i++) await lines.place()
  const place = lines.place()
  await assert.rejects(lines.set(0, 'x'), /no disk/)
  await assert.rejects(place, /no disk/)
})
