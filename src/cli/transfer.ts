/** `moongate export` and `moongate import`. */
import { exportLines } from '../server/banner.ts'
import {
  exportData,
  importData,
  type TransferProblem,
  type TransferProgress,
} from '../server/folder-transfer.ts'
import { processConfig } from '../server/process.ts'
import { bytesInWords, countInWords, numberInWords } from './amounts.ts'
import { type Arguments, WrongUse } from './command.ts'
import { sayIfInterrupted } from './interrupted.ts'
import { progressBar } from './progress-bar.ts'

export const exportDetails = [
  'Each object becomes a file under its key. What no file name can be is escaped with % and two hex digits: %, \\,',
  'control characters, the names . and .., an empty segment (%00); long segments go on in a folder whose name ends',
  'in %-, and a folder named as a file beside it ends in %2F. Files have the time of their objects.',
  'What files cannot say (metadata, tags, content types, checksums, parts) is in .moongate-export.jsonl, from which',
  'import makes the same bucket again. Noncurrent versions (--versions) are in .moongate-export.aside.',
  'An export that was interrupted goes on when it is called again with the same bucket, folder and flags.',
].join('\n')

export const importDetails = [
  'Every regular file below the folder becomes an object, with the path as its key, the time of the file as its',
  'Last-Modified, and a content type by the end of its name. Symbolic links are left out, and counted. A folder that',
  'export wrote becomes the bucket that it was, with metadata, tags, ETags and versions (these get new ids; null stays null).',
  'Keys that are there already stay as they are, so that an import that was interrupted can be run again;',
  'with --overwrite they are written anew. The bucket is made where it is not there, and belongs to the root account or to',
  'that of --owner; the objects belong to whom the bucket belongs to.',
  'The data folder is made too, where it is not there or empty; its root key is shown once.',
  'Exit status: 0 if all is there, links left out; 1 if a file could not be taken.',
].join('\n')

const flagOf = (flags: Arguments['flags'], name: string): string => flags.get(name)?.at(-1) ?? ''

/** The flags that are the configuration's. */
function configOf({ flags, output }: Arguments, own: readonly string[]) {
  const rest = new Map(flags)
  for (const name of own) rest.delete(name)
  return processConfig({ flags: rest, note: output.note })
}

function two(positionals: readonly string[], usage: string): readonly [string, string] {
  const [first, second, ...more] = positionals
  if (first === undefined || second === undefined || more.length > 0)
    throw new WrongUse(`Usage: moongate ${usage}.`)
  return [first, second]
}

/** Control characters of names must not steer the terminal. */
const printable = (text: string): string => JSON.stringify(text).slice(1, -1)

function hooksOf({ output }: Arguments) {
  const bar = progressBar()
  const problems: TransferProblem[] = []
  return {
    problems,
    /** Runs the work; `command` is what goes on with it, if it is interrupted. */
    watch: <T>(command: string, work: Promise<T>): Promise<T> => {
      const say = () => {
        bar.clear()
        output.note(`moongate: stopped. What is done stays; the same ${command} goes on with it.`)
      }
      return sayIfInterrupted(say, work).finally(() => bar.clear())
    },
    onProgress({ counting, objects, objectsTotal, bytes, bytesTotal }: TransferProgress) {
      const total = () => `${countInWords(objectsTotal, 'object')}, ${bytesInWords(bytesTotal)}`
      if (counting) return bar.show(undefined, () => `counting: ${total()}`)
      const part = (objects + bytes / 65_536) / Math.max(1, objectsTotal + bytesTotal / 65_536)
      bar.show(part, () => `${numberInWords(objects)} of ${total()}`)
    },
    onProblem(problem: TransferProblem) {
      bar.clear()
      // So many are told as data; all of them in words.
      if (problems.length < 1000) problems.push(problem)
      output.note(`moongate: ${printable(problem.subject)} ${problem.what}`)
    },
  }
}

export async function exportCommand(args: Arguments): Promise<number> {
  const { flags, positionals, output } = args
  const [bucket, folder] = two(positionals, 'export BUCKET DIR')
  const config = configOf(args, ['prefix', 'versions'])
  const { watch, problems, ...hooks } = hooksOf(args)
  const prefix = flagOf(flags, 'prefix')
  const versions = flags.has('versions')
  const options = { bucket, folder, prefix, versions, ...hooks }
  const report = await watch('export', exportData(config, options))
  const { objects, bytes, failed, kept } = report
  const more = [
    ...(kept === 0 ? [] : [`${numberInWords(kept)} of them were there from a run before`]),
    ...(failed === 0 ? [] : [`${countInWords(failed, 'object')} could not be read`]),
  ]
  output.result(
    `Exported ${countInWords(objects, 'object')} (${bytesInWords(bytes)}) of ${bucket} to ${folder}${['', ...more].join('; ')}.`,
    { bucket, folder, ...report, problems },
  )
  return failed === 0 ? 0 : 1
}

type RootKey = Parameters<Parameters<typeof importData>[1]['onMade']>[0]

function madeInWords(data: string, key: Pick<RootKey, 'accessKeyId' | 'secret'>): string {
  if (key.secret === undefined)
    return `The data folder ${data} was made; its root key is the configured one.`
  return [
    `The data folder ${data} was made. The secret of its root key is not shown again; keep it:`,
    ...exportLines(key.accessKeyId, key.secret),
  ].join('\n')
}

export async function importCommand(args: Arguments): Promise<number> {
  const { flags, positionals, output } = args
  const [folder, bucket] = two(positionals, 'import DIR BUCKET')
  const config = configOf(args, ['prefix', 'overwrite', 'owner'])
  const { watch, problems, ...hooks } = hooksOf(args)
  const prefix = flagOf(flags, 'prefix')
  const overwrite = flags.has('overwrite')
  const owner = flags.get('owner')?.at(-1)
  const made: { rootKey?: object } = {}
  const onMade = ({ accessKeyId, secret }: RootKey) => {
    if (secret !== undefined) made.rootKey = { accessKeyId, secretAccessKey: secret }
    // At once: nobody could have it again if the import failed.
    output.note(madeInWords(config.data, { accessKeyId, secret }))
  }
  const options = { bucket, folder, prefix, overwrite, owner, onMade, ...hooks }
  const report = await watch('import', importData(config, options))
  const { objects, bytes, skipped, links, failed } = report
  const more = [
    ...(skipped === 0 ? [] : [`${countInWords(skipped, 'key')} of it there already`]),
    ...(links === 0 ? [] : [`${countInWords(links, 'symbolic link')} left out`]),
    ...(failed === 0 ? [] : [`${countInWords(failed, 'problem')}`]),
  ].join(', ')
  output.result(
    `Imported ${countInWords(objects, 'object')} (${bytesInWords(bytes)}) from ${folder} to ${bucket}${more === '' ? '' : `; ${more}`}.`,
    { bucket, folder, ...report, problems, ...made },
  )
  return failed === 0 ? 0 : 1
}
