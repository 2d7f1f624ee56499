/** A remote command as it is declared: what all of them have is added to it. */
import type { Command, Flag } from './command.ts'

export interface Said extends Omit<Command, 'kind' | 'flags'> {
  /** Flags of its own. */
  readonly own?: Readonly<Record<string, Flag>>
}
