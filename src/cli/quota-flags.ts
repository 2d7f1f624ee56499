/** Flags of commands that set quotas. */
import type { Flag } from './command.ts'

type Flags = Readonly<Record<string, Flag>>

export const quotaFlags: Flags = {
  'quota-bytes': { shown: 'SIZE', doc: 'At most so many bytes, for instance 10GiB or 10GB' },
  'quota-objects': { shown: 'N', doc: 'At most so many versions of objects' },
}

export const bucketsFlag: Flags = {
  'quota-buckets': { shown: 'N', doc: 'At most so many buckets, links among them' },
}

export const liftedFlag: Flags = { none: { doc: 'Lift all limits' } }

export const quotaDetails = async (): Promise<string> =>
  'Limits that are not named stay as they are; a limit of none lifts one, as in --quota-bytes none.'
