/** Runs the sweep regularly in one worker of the process, a little at a time, so that requests are not kept waiting. */
import { setTimeout as pause, setImmediate } from 'node:timers/promises'
import type { Core } from '../buckets/core.ts'
import {
  type SweepReport,
  SweepStopped,
  type SweepTimes,
  sweep,
  sweepUrgently,
  usualTimes,
} from '../buckets/sweep.ts'
import type { Log } from '../ports/log.ts'
import type { MetaStore } from '../ports/meta-store.ts'

export interface SweeperOptions {
  readonly core: Core
  readonly log: Log
  /** Milliseconds between the end of a sweep and the start of the next. */
  readonly interval: number
  readonly times: SweepTimes
  /** Milliseconds until the first sweep; a minute, or the interval if that is shorter, by default. */
  readonly first?: number
}

const usualFirst = 60_000
/** Node's timers go off at once for anything longer. */
const timerMax = 2 ** 31 - 1

/** Ages of a sweep that differ from the usual ones. Milliseconds. */
export function sweepTimes(changed: Partial<SweepTimes>): SweepTimes {
  return { ...usualTimes, ...changed }
}

/**
 * The store as the sweep sees it: every read gives way to requests afterwards, for as long as it took, so that a sweep
 * never has more than half of the thread; and none begins once `stopped` says so.
 */
export function gentle(store: MetaStore, stopped: () => boolean): MetaStore {
  return {
    async read(request, options) {
      if (stopped()) throw new SweepStopped('the sweep was stopped')
      const before = performance.now()
      const answer = await store.read(request, options)
      const took = performance.now() - before
      await (took < 1 ? setImmediate() : pause(took))
      return answer
    },
    commit: (batch, options) => store.commit(batch, options),
    commitOn: (gets, decide, options) => store.commitOn(gets, decide, options),
    settle: () => store.settle(),
    generation: (table, key) => store.generation(table, key),
    watch: (table, key) => store.watch(table, key),
    changes: listener => store.changes(listener),
    close: () => store.close(),
  }
}

export interface Sweeper {
  /** Makes room at once of what was deleted. Resolves when that is done, or has failed, which the log is told once. */
  hurry(): Promise<void>
  /** Stops, and waits for a sweep under way to let go. */
  stop(): Promise<void>
}

/** Sweeps now and then, never twice at once. */
export function startSweeper(options: SweeperOptions): Sweeper {
  const { core, log, times } = options
  const interval = Math.min(options.interval, timerMax)
  let stopping = false
  let failing = false
  const gentleCore = { ...core, store: gentle(core.store, () => stopping) }
  let running: Promise<void> = Promise.resolve()
  let timer = setTimeout(run, options.first ?? Math.min(usualFirst, interval)).unref()

  function run(): void {
    running = sweepOnce(gentleCore, times, log).finally(() => {
      if (!stopping) timer = setTimeout(run, interval).unref()
    })
  }

  return {
    async hurry() {
      try {
        await sweepUrgently(gentleCore)
        failing = false
      } catch (err) {
        if (!failing && !(err instanceof SweepStopped))
          log.error({ err }, 'the sweep could make no room on the full disk; it goes on trying')
        failing = true
      }
    },
    async stop() {
      stopping = true
      clearTimeout(timer)
      await running
    },
  }
}

async function sweepOnce(core: Core, times: SweepTimes, log: Log): Promise<void> {
  try {
    await sweep(core, times, log)
  } catch (err) {
    if (!(err instanceof SweepStopped))
      log.error({ err }, 'the sweep failed; it will be tried again')
  }
}

/** One sweep at once, by somebody who has the folder for himself: whatever nobody refers to goes, however young. */
export function sweepAll(core: Core, log: Log): Promise<SweepReport> {
  // Clocks of the file system may be a little ahead.
  return sweep(core, sweepTimes({ condemnedAge: 0, orphanAge: -60_000 }), log)
}
