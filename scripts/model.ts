// Turns AWS's own model, as the SDK carries it, into src/model/*.gen.ts: a table of facts and the types of all shapes.
// `npm run model` writes, `npm run model -- --verify` fails if what is committed differs.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import * as iam from '@aws-sdk/client-iam'
import * as sdk from '@aws-sdk/client-s3'
import * as sts from '@aws-sdk/client-sts'
import { printOperations, printShapes } from './model-print.ts'
import { buildQuery } from './model-query.ts'
import { operationSchemas, reachableShapes, readOperation } from './model-read.ts'

const root = new URL('../', import.meta.url)
const sdkFolder = new URL('node_modules/@aws-sdk/client-s3/dist-es/', root)

/**
 * Which operations insist on a checksum of the body. The schemas do not say it, the SDK's middleware does: bundles of
 * plug-ins (`_mw3`) stand in one file, and each command names its bundle.
 */
const checksumRequired = (): ReadonlySet<string> => {
  const builder = readFileSync(new URL('commandBuilder.js', sdkFolder), 'utf8')
  const bundles = new Set<string>()
  for (const block of builder.split('export const ').slice(1)) {
    if (block.includes('requestChecksumRequired: true')) bundles.add(block.split(' ')[0] ?? '')
  }
  const names = new Set<string>()
  const commands = new URL('commands/', sdkFolder)
  for (const file of readdirSync(commands).filter(name => name.endsWith('Command.js'))) {
    const call = /command\(_ep\d+, (_mw\d+), "(\w+)"/.exec(
      readFileSync(new URL(file, commands), 'utf8'),
    )
    if (call?.[1] !== undefined && call[2] !== undefined && bundles.has(call[1])) names.add(call[2])
  }
  if (names.size < 20) throw new Error('The SDK no longer says checksums where this script looks.')
  return names
}

const build = (): ReadonlyMap<string, string> => {
  const checked = checksumRequired()
  const schemas = operationSchemas(Object.values(sdk))
  const operations = schemas
    .map(schema => readOperation(schema, checked))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
  const shapes = reachableShapes(schemas)
  return new Map([
    ['src/model/operations.gen.ts', printOperations(operations, shapes)],
    ['src/model/shapes.gen.ts', printShapes(operations, shapes)],
    ...buildQuery({ name: 'iam', title: 'Iam', sdk: iam }),
    ...buildQuery({ name: 'sts', title: 'Sts', sdk: sts }),
  ])
}

const main = (verify: boolean): number => {
  let stale = 0
  for (const [path, text] of build()) {
    const file = new URL(path, root)
    if (!verify) writeFileSync(file, text)
    else if (readFileSync(file, 'utf8') !== text) {
      stale++
      console.error(`${path} is stale: run npm run model`)
    }
  }
  return stale === 0 ? 0 : 1
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.exitCode = main(process.argv.includes('--verify'))
}
