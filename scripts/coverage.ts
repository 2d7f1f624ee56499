// Prints docs/COVERAGE.md: every operation of S3's model, and whether Moongate has it (model minus registry).
// `npm run coverage` writes, `npm run coverage -- --verify` fails if the page is stale.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { operationNames, operations, shapeOf } from '../src/model/operations.ts'

const root = new URL('../', import.meta.url)
const page = new URL('docs/COVERAGE.md', root)
const registry = new URL('src/operations/index.ts', root)

/** The names that the registry has; none while there is no registry. Loaded late, so that the page can come first. */
const declared = async (): Promise<ReadonlySet<string>> => {
  if (!existsSync(registry)) return new Set()
  const loaded: unknown = await import(registry.href)
  if (typeof loaded !== 'object' || loaded === null || !('operations' in loaded)) {
    throw new Error('src/operations/index.ts exports no table of operations.')
  }
  const table = loaded.operations
  if (typeof table !== 'object' || table === null) throw new Error('operations is no table.')
  const known = new Set<string>(operationNames)
  const names = Object.entries(table).flatMap(([name, value]) =>
    value === undefined ? [] : [name],
  )
  for (const name of names) if (!known.has(name)) throw new Error(`${name} is no operation of S3.`)
  return new Set(names)
}

/** Method, path and what else tells the operation from others. */
const request = (name: (typeof operationNames)[number]): string => {
  const { method, level, path, query, input } = operations[name]
  const places = { service: '/', bucket: '/{Bucket}', object: '/{Bucket}/{Key+}' }
  const needed = shapeOf(input).members.filter(member => member.required)
  const words = [
    ...(query ?? []).map(([word, value]) => (value === undefined ? word : `${word}=${value}`)),
    ...needed.filter(member => member.in === 'query').map(member => member.as ?? member.name),
  ]
  const copies = needed.some(member => member.as === 'x-amz-copy-source')
  const suffix = words.length > 0 ? `?${words.join('&')}` : ''
  return `${method} ${path ?? places[level]}${suffix}${copies ? ' with x-amz-copy-source' : ''}`
}

/** Operations that only say that nothing is set, because nothing can be. */
const emptyAnswers = async (): Promise<ReadonlySet<string>> => {
  if (!existsSync(registry)) return new Set()
  const { notConfigured } = await import('../src/operations/s3/bucket/not-configured.ts')
  return new Set(Object.keys(notConfigured))
}

const print = (names: ReadonlySet<string>, empty: ReadonlySet<string>): string => {
  const here = (name: string): string => {
    if (empty.has(name)) return 'says that none is set'
    return names.has(name) ? 'yes' : '501 NotImplemented'
  }
  const rows = operationNames.map(name => `| ${name} | \`${request(name)}\` | ${here(name)} |`)
  return [
    '# Coverage of the S3 API',
    '',
    'Printed by `npm run coverage` from AWS’s model and `src/operations/index.ts`. Do not edit.',
    'An operation that is not here yet answers `NotImplemented` by name; none falls through to another.',
    '',
    `${names.size - empty.size} of ${operationNames.length} operations. ${empty.size} more read what nobody can set here, and say so in`,
    'AWS’s words for a bucket without it, which is what tools that look after buckets ask for.',
    '',
    '| operation | request | here |',
    '|---|---|---|',
    ...rows,
    '',
  ].join('\n')
}

const text = print(await declared(), await emptyAnswers())
if (!process.argv.includes('--verify')) {
  mkdirSync(new URL('./', page), { recursive: true })
  writeFileSync(page, text)
} else if (!existsSync(page) || readFileSync(page, 'utf8') !== text) {
  console.error('docs/COVERAGE.md is stale: run npm run coverage')
  process.exitCode = 1
}
