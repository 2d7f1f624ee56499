/** The three logs of a thread: lines are gathered and handed on in batches, so that a request pays for its line only. */

import { statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { RequestRecord } from '../gateway/message.ts'
import type { Log } from '../ports/log.ts'
import { isDiskFull } from '../stores/files/reserve.ts'
import { type Config, ConfigError } from './config.ts'
import { FolderUnusable } from './data-folder.ts'
import { type Emit, LogFile, type LogTarget, type StreamName, streams } from './log-files.ts'
import { accessLine, auditLine, isAudited, type RequestFacts } from './log-lines.ts'
import { reasonOf } from './reasons.ts'

/** A batch is handed on when it has so many characters, or so many milliseconds after its first line. */
const batchChars = 32_768
const batchMs = 500

class Batch {
  readonly #stream: StreamName
  readonly #emit: Emit
  #text = ''
  #timer: NodeJS.Timeout | undefined

  constructor(stream: StreamName, emit: Emit) {
    this.#stream = stream
    this.#emit = emit
  }

  add(line: string): void {
    this.#text += line
    if (this.#text.length >= batchChars) this.flush()
    else this.#timer ??= setTimeout(() => this.flush(), batchMs).unref()
  }

  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const text = this.#text
    if (text === '') return
    this.#text = ''
    this.#emit(this.#stream, text)
  }
}

/** Which logs there are. */
export type Wanted = Readonly<Record<StreamName, boolean>>

export interface Logs {
  readonly log: Log
  /** One request is over. */
  request(record: RequestRecord, facts: RequestFacts): void
  /** Hands on what is gathered. */
  flush(): void
}

/** `emit` gets whole lines: in the main thread it writes them, in a worker it sends them there. */
export function createLogs(config: Pick<Config, 'logLevel'>, wanted: Wanted, emit: Emit): Logs {
  const access = wanted.access ? new Batch('access', emit) : undefined
  const audit = wanted.audit ? new Batch('audit', emit) : undefined
  const server = new Batch('server', emit)
  const log = lazyLog(config.logLevel, line => {
    server.add(line)
    server.flush()
  })
  return {
    log,
    request(record, facts) {
      access?.add(accessLine(record, facts))
      if (audit !== undefined && isAudited(record, facts.status)) {
        audit.add(auditLine(record, facts))
      }
      if (record.cause !== undefined || facts.failure !== undefined) {
        const { requestId, operation, cause } = record
        const fields = { requestId, operation, err: cause ?? facts.failure }
        if (facts.status >= 500 || facts.failure !== undefined)
          log.error(fields, 'a request failed')
        else log.debug(fields, 'a request was refused')
      }
    },
    flush() {
      for (const batch of [access, audit, server]) batch?.flush()
    },
  }
}

/** The server's log by pino, which is loaded by the first line that is said. */
function lazyLog(level: Config['logLevel'], write: (line: string) => void): Log {
  let made: Log | undefined
  const log = (): Log => {
    if (made === undefined) {
      const pino: typeof import('pino') = createRequire(import.meta.url)('pino')
      const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime }
      made = pino(
        { ...options, formatters: { level: (label: string) => ({ level: label }) } },
        { write },
      )
    }
    return made
  }
  const quiet = { debug: 0, info: 1, warn: 2, error: 3 }
  const at =
    (name: keyof typeof quiet) =>
    (fields: Readonly<Record<string, unknown>>, message: string): void => {
      if (quiet[name] >= quiet[level]) log()[name](fields, message)
    }
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

type LogConfig = Pick<
  Config,
  'accessLog' | 'auditLog' | 'data' | 'memory' | 'logFileSize' | 'logFiles'
>

/**
 * Where each log goes by the configuration: a file, 1 for standard output, 2 for standard error, undefined for
 * nowhere. Without a word, requests are logged in the data folder, where they drown no terminal and stay bounded;
 * a server in memory has no folder and logs none.
 */
export function logPlaces(config: LogConfig): Record<StreamName, string | number | undefined> {
  const place = (said: string | undefined, file: string) => {
    if (said === 'off' || (said === undefined && config.memory)) return undefined
    if (said === '-') return 1
    return said ?? join(config.data, 'logs', file)
  }
  return {
    access: place(config.accessLog, 'access.log'),
    audit: place(config.auditLog, 'audit.log'),
    server: 2,
  }
}

function areOnOneDisk(...paths: readonly string[]): boolean {
  try {
    return new Set(paths.map(path => statSync(path).dev)).size === 1
  } catch {
    return true
  }
}

export interface LogFiles {
  readonly wanted: Wanted
  readonly emit: Emit
  /** Opens them. Throws ConfigError for a log that was asked for and cannot be written, else FolderUnusable. */
  readonly prove: () => void
}

function proveLog(config: LogConfig, name: StreamName, file: LogFile): void {
  try {
    file.open()
  } catch (error) {
    // A server starts on a full disk, and writes its logs once there is room.
    if (isDiskFull(error)) return
    const said = name === 'access' ? config.accessLog : config.auditLog
    const words = `the ${name} log ${file.place} cannot be written: ${reasonOf(error)}`
    if (said === undefined) throw new FolderUnusable(words, { cause: error })
    throw new ConfigError(`${words}.`, { cause: error })
  }
}

/** Of the main thread, which alone writes. `reserve`: of the data folder, whose room is not for logs once it is needed. */
export function openLogFiles(config: LogConfig, reserve?: { readonly full: boolean }): LogFiles {
  const places = logPlaces(config)
  const files = new Map<StreamName, LogFile>()
  for (const name of streams) {
    const to = places[name]
    if (to === undefined) continue
    const target: LogTarget = { to, maxBytes: config.logFileSize, keep: config.logFiles }
    const pauses = () => reserve?.full === true && areOnOneDisk(dirname(String(to)), config.data)
    files.set(name, new LogFile(typeof to === 'string' ? { ...target, pauses } : target))
  }
  return {
    wanted: { access: files.has('access'), audit: files.has('audit'), server: true },
    emit: (stream, text) => files.get(stream)?.write(text),
    prove() {
      for (const [name, file] of files) proveLog(config, name, file)
    },
  }
}
