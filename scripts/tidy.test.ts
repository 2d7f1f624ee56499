// The house is in order, and the check that says so catches each kind of disorder.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { inspect, readHouse, rooms } from './tidy.ts'

const head = '// What it is for.\n'
const findings = (files: Readonly<Record<string, string>>): string[] =>
  inspect(Object.entries(files).map(([path, text]) => ({ path, text: head + text }))).map(
    ({ path, line, what }) => `${path}:${line}: ${what}`,
  )
const importing = (from: string): string => `import type { X } from '${from}'\n`

test('the house is in order', () => {
  const found = inspect(readHouse(dirname(dirname(fileURLToPath(import.meta.url)))))
  assert.deepEqual(
    found.map(({ path, line, what }) => `${path}:${line}: ${what}`),
    [],
  )
})

test('the page of the architecture has the same floors', () => {
  const page = readFileSync(new URL('../docs/ARCHITECTURE.md', import.meta.url), 'utf8')
  const rows = page.matchAll(/^\| (\d) \| `src\/(\w+)\/` \|[^|]*\| ?([^|]*?) ?\|$/gm)
  const told = Array.from(rows, ([, floor, room, not]) => ({ floor: Number(floor), room, not }))
  const held = Object.entries(rooms).map(([room, { floor, not, only }]) => {
    const below = Object.keys(rooms).filter(other => (rooms[other]?.floor ?? 0) < floor)
    const closed = not ?? (only === undefined ? [] : below.filter(other => !only.includes(other)))
    const few = only !== undefined && closed.length > only.length
    return { floor, room, not: few ? `all but ${only.join(', ')}` : closed.join(', ') }
  })
  assert.deepEqual(told, held)
})

test('arrows go down', () => {
  const clean = {
    'src/rules/a.ts': importing('../model/m.ts') + importing('node:zlib') + importing('pino'),
    'src/stores/sqlite/a.ts': importing('../../ports/p.ts') + importing('node:fs'),
    'src/server/a.ts': importing('../stores/files/f.ts') + importing('../gateway/g.ts'),
    'src/cli/a.ts': importing('../server/s.ts') + importing('../../package.json'),
    'src/rules/a.test.ts': importing('../stores/memory/m.ts') + importing('node:fs'),
    'scripts/a.ts': importing('../src/stores/s.ts') + importing('node:fs'),
  }
  assert.deepEqual(findings(clean), [])
  for (const [path, from] of [
    ['src/model/a.ts', '../rules/r.ts'],
    ['src/ports/a.ts', '../buckets/b.ts'],
    ['src/operations/s3/a.ts', '../../gateway/g.ts'],
    ['src/server/a.ts', '../cli/c.ts'],
    ['src/rules/a.ts', '../../scripts/s.ts'],
  ] as const) {
    const found = findings({ [path]: importing(from) })
    assert.equal(found.length, 1, `${path} ← ${from}`)
    assert.match(found[0] ?? '', /must not import/)
  }
})

test('rooms of one floor do not know each other', () => {
  for (const [path, from] of [
    ['src/wire/a.ts', '../rules/r.ts'],
    ['src/buckets/a.ts', '../access/x.ts'],
    ['src/access/a.ts', '../stores/memory/m.ts'],
    ['src/gateway/a.ts', '../endpoints/e.ts'],
  ] as const) {
    assert.match(findings({ [path]: importing(from) })[0] ?? '', /on one floor/, path)
  }
})

test('some rooms below are out of bounds', () => {
  for (const [path, from] of [
    ['src/ports/a.ts', '../wire/w.ts'],
    ['src/operations/a.ts', '../stores/memory/m.ts'],
    ['src/gateway/a.ts', '../stores/memory/m.ts'],
    ['src/cli/a.ts', '../buckets/b.ts'],
  ] as const) {
    assert.match(findings({ [path]: importing(from) })[0] ?? '', /must not import/, path)
  }
})

test('every form of import is seen', () => {
  for (const text of [
    "import { a } from '../rules/r.ts'",
    "import {\n  a,\n  type B,\n} from '../rules/r.ts'",
    "import * as r from '../rules/r.ts'",
    "import '../rules/r.ts'",
    "export { a } from '../rules/r.ts'",
    "export * from '../rules/r.ts'",
    "const r = await import('../rules/r.ts')",
    "type R = import('../rules/r.ts').R",
  ]) {
    assert.equal(findings({ 'src/wire/a.ts': `${text}\n` }).length, 1, text)
  }
  assert.deepEqual(
    findings({ 'src/wire/a.ts': 'const text = "it came from \'../rules/r.ts\'"\n' }),
    [],
  )
})

test('circles, types included, are told once', () => {
  const found = findings({
    'src/rules/a.ts': importing('./b.ts'),
    'src/rules/b.ts': importing('./c.ts'),
    'src/rules/c.ts': importing('./a.ts'),
    'src/rules/d.ts': importing('./a.ts'),
  })
  assert.equal(found.length, 1)
  assert.match(found[0] ?? '', /circle: src\/rules\/a.ts → .*b.ts → .*c.ts → .*a.ts/)
  assert.match(findings({ 'src/rules/a.ts': importing('./a.ts') })[0] ?? '', /circle/)
})

const body = (count: number): string => '  x()\n'.repeat(count)
const inner = (count: number): string => '    x()\n'.repeat(count)

test('functions of more than 70 lines, of every kind', () => {
  const kinds: ((lines: number) => string)[] = [
    n => `function f() {\n${body(n - 2)}}\n`,
    n => `export async function f(a: A): Promise<B> {\n${body(n - 2)}}\n`,
    n => `export function f<T extends X>(\n  a: A,\n): B {\n${body(n - 4)}}\n`,
    n => `const f = () => {\n${body(n - 2)}}\n`,
    n => `export const f: F = async a => {\n${body(n - 2)}}\n`,
    n => `const f = (\n  a: A,\n): B => {\n${body(n - 4)}}\n`,
    n => `class C {\n  m(a: A): B {\n${inner(n - 2)}  }\n}\n`,
    n => `class C {\n  async #m() {\n${inner(n - 2)}  }\n}\n`,
    n => `class C {\n  static override async *m(\n    a: A,\n  ) {\n${inner(n - 4)}  }\n}\n`,
    n => `class C {\n  constructor(a: A) {\n${inner(n - 2)}  }\n}\n`,
    n => `const o = {\n  m() {\n${inner(n - 2)}  },\n}\n`,
    n => `server.on('x', () => {\n${body(n - 2)}})\n`,
  ]
  for (const kind of kinds) {
    const sample = kind(6)
    assert.deepEqual(findings({ 'src/rules/a.ts': kind(70) }), [], sample)
    const found = findings({ 'src/rules/a.ts': kind(71) })
    assert.equal(found.length, 1, sample)
    assert.match(found[0] ?? '', /71 lines; a function has at most 70/)
    assert.deepEqual(findings({ 'src/rules/a.test.ts': kind(71) }), [], 'tests are exempt')
  }
})

test('long data, classes and chains are no functions', () => {
  for (const text of [
    `const table = {\n${body(100)}}\n`,
    `class C {\n${'  a = 1\n'.repeat(100)}}\n`,
    `const t = table<R>({\n${body(100)}})\n`,
    `interface I {\n${'  m(): void\n'.repeat(100)}}\n`,
    `if (a) {\n${body(100)}}\n`,
    `const short = (a: A): B => a\n${'x()\n'.repeat(100)}`,
  ]) {
    assert.deepEqual(findings({ 'src/rules/a.ts': text }), [], text.slice(0, 30))
  }
})

test('files of more than 400 lines, unless generated or tests', () => {
  const lines = (count: number): string => 'x()\n'.repeat(count - 1)
  assert.deepEqual(findings({ 'src/rules/a.ts': lines(400) }), [])
  assert.match(findings({ 'src/rules/a.ts': lines(401) })[0] ?? '', /401 lines; a file/)
  assert.deepEqual(findings({ 'src/model/a.gen.ts': lines(5000) }), [])
  assert.deepEqual(findings({ 'src/rules/a.test.ts': lines(5000) }), [])
})

test('names that say nothing, rooms that nobody drew', () => {
  for (const name of ['utils', 'helpers', 'common', 'misc', 'util', 'helper'])
    assert.match(findings({ [`src/rules/${name}.ts`]: '' })[0] ?? '', /must not be called/, name)
  assert.match(findings({ 'src/lib/a.ts': '' })[0] ?? '', /no room called lib/)
  assert.match(findings({ 'src/rules/a.ts': importing('../lib/b.ts') })[0] ?? '', /no room/)
})

test('default exports', () => {
  assert.match(findings({ 'src/rules/a.ts': 'export default 1\n' })[0] ?? '', /:2: no default/)
  assert.match(findings({ 'src/rules/a.ts': 'export { a as default }\n' })[0] ?? '', /no default/)
})

test('disks, databases and sockets only where they belong', () => {
  for (const name of ['fs', 'fs/promises', 'sqlite', 'net', 'http', 'worker_threads']) {
    const text = importing(`node:${name}`)
    for (const room of ['wire', 'rules', 'buckets', 'access', 'operations', 'gateway', 'endpoints'])
      assert.match(findings({ [`src/${room}/a.ts`]: text })[0] ?? '', /reach outside/, room)
    for (const room of ['stores', 'server', 'cli'])
      assert.deepEqual(findings({ [`src/${room}/a.ts`]: text }), [], room)
  }
  assert.match(findings({ 'src/stores/a.ts': importing('fs') })[0] ?? '', /import node:fs/)
})

test('imports have their ending, files their first line', () => {
  assert.match(findings({ 'src/rules/a.ts': importing('./b') })[0] ?? '', /with its \.ts/)
  const bare = inspect([{ path: 'src/rules/a.ts', text: 'const a = 1\n' }])
  assert.match(bare[0]?.what ?? '', /first line/)
  assert.deepEqual(inspect([{ path: 'src/cli/a.ts', text: '#!/usr/bin/env node\n// It.\n' }]), [])
})

test('every room of the plan has its floor', () => {
  const floors = Object.entries(rooms).map(([name, room]) => `${room.floor} ${name}`)
  assert.deepEqual(floors, [
    '1 model',
    '2 wire',
    '2 rules',
    '3 ports',
    '4 buckets',
    '4 access',
    '4 stores',
    '5 repos',
    '6 operations',
    '6 jobs',
    '7 gateway',
    '7 endpoints',
    '7 admin',
    '8 server',
    '9 cli',
  ])
})
