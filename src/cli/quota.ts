/** Quotas of volumes, buckets, accounts and users: as flags say them and as people are told of them. */
import { bytesInWords, countInWords, numberInWords } from './amounts.ts'
import { bytesOf, flagOf, wholeOf } from './calls.ts'
import { type Arguments, WrongUse } from './command.ts'

export interface Quota {
  readonly bytes: number | null
  readonly objects: number | null
  readonly buckets?: number | null
}

export const noQuota: Quota = { bytes: null, objects: null }

export interface Used {
  readonly bytes?: number
  readonly objects?: number
  readonly buckets?: number
}

/** A quota and what is counted against it. */
export interface Usage extends Used {
  readonly quota: Quota
}

/** Limits as flags say them: null for none, undefined for what is not named. */
type SaidQuota = { readonly [N in keyof Quota]?: number | null | undefined }

type Reader = (args: Arguments, name: string) => number | undefined
const limitOf = (args: Arguments, name: string, read: Reader) =>
  flagOf(args, name) === 'none' ? null : read(args, name)

export const limitsOf = (args: Arguments) => ({
  bytes: limitOf(args, 'quota-bytes', bytesOf),
  objects: limitOf(args, 'quota-objects', wholeOf),
})

export const limitsAndBucketsOf = (args: Arguments) => ({
  ...limitsOf(args),
  buckets: limitOf(args, 'quota-buckets', wholeOf),
})

const isSaid = (said: SaidQuota): boolean => Object.values(said).some(limit => limit !== undefined)

/** Of something that was there before it was to be made: nobody is to think that the limits he named hold now. */
export const untouched = (said: SaidQuota): string =>
  isSaid(said) ? ' Its quota is left as it is.' : ''

/** `1.0 MiB of 2.0 MiB`; where nothing is counted, what there may be. */
function usedOf<T>(used: T | undefined, limit: T | null | undefined, words: (amount: T) => string) {
  const most = limit === null || limit === undefined ? 'no limit' : words(limit)
  return used === undefined ? most : `${words(used)} of ${most}`
}

/** What a quota allows and what is used of it: nothing is told where there is none. */
export const usageLines = (quota: Quota | undefined, used: Used): string[] =>
  quota === undefined || Object.values(quota).every(limit => limit === null)
    ? []
    : quotaLines(quota, used)

export function quotaLines(quota: Quota | undefined, used: Used): string[] {
  return [
    `  bytes    ${usedOf(used.bytes, quota?.bytes, bytesInWords)}`,
    `  objects  ${usedOf(used.objects, quota?.objects, numberInWords)}`,
    ...(used.buckets === undefined && quota?.buckets === undefined
      ? []
      : [`  buckets  ${usedOf(used.buckets, quota?.buckets, numberInWords)}`]),
  ]
}

/** The quota that there is to be: what is not named stays as it is. */
export async function quotaAfter(
  args: Arguments,
  said: SaidQuota,
  current: () => Promise<Quota>,
): Promise<SaidQuota> {
  if (isSaid(said) === args.flags.has('none'))
    throw new WrongUse('Say what is to be the limit, or --none for no limit.')
  if (!isSaid(said)) return {}
  const limits = Object.entries(said)
  if (limits.every(([, limit]) => limit !== undefined)) return said
  return {
    ...(await current()),
    ...Object.fromEntries(limits.filter(([, limit]) => limit !== undefined)),
  }
}

export interface NewQuota {
  readonly quota: Quota
  readonly usage: Used
  /** Names of limits that are below what is there. */
  readonly exceeded: readonly string[]
  readonly counted: number
}

export function tellQuota({ output }: Arguments, name: string, data: NewQuota): void {
  const { counted, quota, exceeded } = data
  const words =
    counted === 0 ? '' : ` ${countInWords(counted, 'version')} of objects were counted first.`
  const lines = [
    `The quota of ${name} is set.${words}`,
    ...quotaLines(quota, exceeded.length === 0 ? {} : data.usage),
    ...(exceeded.length === 0
      ? []
      : [
          `More ${exceeded.join(' and ')} are there than that: writes that add any are refused until enough is deleted.`,
        ]),
  ]
  output.result(lines.join('\n'), data)
}
