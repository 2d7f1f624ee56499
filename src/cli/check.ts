/** `moongate check`. */
import {
  type CheckProgress,
  type CheckReport,
  checkData,
  type Finding,
} from '../server/folder-check.ts'
import { processConfig } from '../server/process.ts'
import { bytesInWords, countInWords, numberInWords } from './amounts.ts'
import { type Arguments, WrongUse } from './command.ts'
import { sayIfInterrupted } from './interrupted.ts'
import { type ProgressBar, progressBar } from './progress-bar.ts'

export const checkDetails = [
  'Every object is read: its size, its MD5 against the ETag, its checksum and those of its parts. Counts of references',
  'and the heads of versioned keys are compared with what is there. Nothing is written without --repair, and with it',
  'nothing that has bytes is moved or removed but blobs that no object refers to; damaged objects are told and stay.',
  'With --json there is a line for each finding, then one with the summary.',
  'Exit status: 0 if all is well or was repaired, 1 if something is wrong still.',
].join('\n')

/** Names come from clients: nothing in them may steer the terminal. */
const printable = (text: string): string => JSON.stringify(text).slice(1, -1)

function findingInWords({ kind, bucket, key, versionId, id, what, repaired }: Finding): string {
  const object = key === undefined ? undefined : `${bucket}/${printable(key)}`
  const version = versionId === undefined ? '' : ` (version ${versionId})`
  const subject = object === undefined ? (id ?? '') : `${object}${version}`
  return `${repaired ? 'repaired' : 'WRONG'} [${kind}] ${subject} ${what}`
}

function summaryInWords(report: CheckReport, onlyBucket: boolean): string {
  const { objects, bytes, parts, problems, repaired, leftoverBlobs, leftoverBytes } = report
  const read = [
    `${countInWords(objects, 'object')} (${bytesInWords(bytes)})`,
    ...(parts > 0 ? [`${countInWords(parts, 'part')} of uploads under way`] : []),
  ].join(' and ')
  const verdict =
    problems === 0
      ? 'all is well'
      : `${countInWords(problems, 'problem')}, ${repaired} of them repaired`
  const waiting = leftoverBlobs - report.released
  const lines = [`Checked ${read}: ${verdict}.`]
  if (report.released > 0)
    lines.push(`Released ${countInWords(report.released, 'blob')} that nothing refers to.`)
  if (waiting > 0 && report.released === 0)
    lines.push(
      `${countInWords(waiting, 'blob')} (${bytesInWords(leftoverBytes)}) that nothing refers to wait for the sweep, or for --repair.`,
    )
  if (onlyBucket) lines.push('Counts of references were not looked at: they concern all buckets.')
  return lines.join('\n')
}

function showProgress(bar: ProgressBar, progress: CheckProgress): void {
  const { step, objects, objectsTotal, bytes, bytesTotal, rows } = progress
  const total = () => `${countInWords(objectsTotal, 'object')}, ${bytesInWords(bytesTotal)}`
  if (step === 'count') bar.show(undefined, () => `counting: ${total()}`)
  else if (step === 'compare')
    bar.show(undefined, () => `comparing counts of references: ${countInWords(rows, 'row')}`)
  else {
    // A small object costs about as much as 64 KiB more of a large one.
    const weight = (count: number, size: number) => count * 65_536 + size
    const part = weight(objects, bytes) / Math.max(1, weight(objectsTotal, bytesTotal))
    bar.show(part, () => `${numberInWords(objects)} of ${total()}`)
  }
}

export async function check({ flags, positionals, output }: Arguments): Promise<number> {
  if (positionals.length > 0)
    throw new WrongUse(`check takes no argument: ${positionals.join(' ')}.`)
  const own = new Map(flags)
  const bucket = own.get('bucket')?.at(-1)
  const repair = own.has('repair')
  own.delete('bucket')
  own.delete('repair')
  const config = processConfig({ flags: own, note: output.note })
  const bar = progressBar()
  const work = checkData(config, {
    bucket,
    repair,
    onFinding(finding) {
      bar.clear()
      output.result(findingInWords(finding), { finding })
    },
    onProgress: progress => showProgress(bar, progress),
  })
  const say = () => {
    bar.clear()
    output.note('moongate: stopped before the end. What was found so far is above.')
  }
  const report = await sayIfInterrupted(say, work).finally(() => bar.clear())
  const clean = report.problems === report.repaired
  output.result(summaryInWords(report, bucket !== undefined), { summary: report, clean })
  return clean ? 0 : 1
}
