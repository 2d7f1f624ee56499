/** What the line of progress looks like, and how often it is drawn. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { countInWords, timeInWords } from './amounts.ts'
import { progressBar, progressLine } from './progress-bar.ts'

test('a line never fills its columns, and gives up the bar before the words', () => {
  const words = '577,171 of 1,000,000 objects, 977 MiB, 3 min left'
  for (let columns = 20; columns < 120; columns++) {
    const line = progressLine(0.5, words, columns)
    assert.ok(line.length < columns)
    if (columns > words.length) assert.ok(line.endsWith(words))
  }
  assert.equal(progressLine(0.5, words, 80), `[#############..............] ${words}`)
  assert.equal(progressLine(1, 'x', 80), `[${'#'.repeat(30)}] x`)
  assert.equal(progressLine(undefined, 'counting', 80), 'counting')
})

function terminal() {
  const written: string[] = []
  let now = 0
  const stream = { isTTY: true, columns: 80, write: (text: string) => written.push(text) > 0 }
  const bar = progressBar(stream as unknown as NodeJS.WriteStream, () => now)
  const after = (ms: number) => {
    now += ms
  }
  return { written, bar, after }
}

test('it is drawn ten times a second at most, and its words are made only then', () => {
  const { bar, written, after } = terminal()
  let made = 0
  for (let i = 0; i < 1000; i++) {
    bar.show(i / 1000, () => `${++made}`)
    after(1)
  }
  assert.equal(made, 10)
  assert.equal(written.length, 10)
  bar.clear()
  bar.clear()
  assert.equal(written.length, 11)
})

test('the time that is left is that of what this run does', () => {
  const { bar, written, after } = terminal()
  bar.show(0.8, () => 'x')
  after(6000)
  bar.show(0.9, () => 'x')
  assert.match(written.at(-1) ?? '', /x, 6 s left$/)
  bar.show(undefined, () => 'x')
  after(1000)
  bar.show(undefined, () => 'y')
  assert.match(written.at(-1) ?? '', /y$/)
})

test('numbers and times as people read them', () => {
  assert.deepEqual(
    [0, 1, 999, 1000, 1234567].map(count => countInWords(count, 'object')),
    ['0 objects', '1 object', '999 objects', '1,000 objects', '1,234,567 objects'],
  )
  assert.deepEqual([0.2, 59, 60, 61, 3600, 7500].map(timeInWords), [
    '1 s',
    '59 s',
    '1 min',
    '2 min',
    '1 h',
    '2 h 5 min',
  ])
})
