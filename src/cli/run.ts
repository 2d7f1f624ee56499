/** Finds the command that was called and runs it. */
import {
  type Arguments,
  type Command,
  commandHelp,
  type Output,
  readArguments,
  suggestion,
  WrongUse,
} from './command.ts'
import { commands } from './commands.ts'
import { endWithReader } from './reader.ts'

const kinds = {
  server: 'Running a server',
  folder: 'On a data folder, whose server is stopped',
  remote:
    'On a running server (--endpoint, --profile; else MOONGATE_*, AWS_*, http://127.0.0.1:9000)',
} as const

/** A line for each command. */
function linesOf(shown: readonly Command[], all = shown): readonly string[] {
  const width = Math.max(...all.map(({ name }) => name.length))
  return shown.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`)
}

function overview(): string {
  const lines = Object.entries(kinds).flatMap(([kind, title]) => {
    const own = commands.filter(command => command.kind === kind)
    if (own.length === 0) return []
    return ['', `${title}:`, ...linesOf(own, commands)]
  })
  return [
    'Moongate: one program that gives a folder the whole S3 API.',
    '',
    'Usage: moongate [command] [flags]',
    ...lines,
    '',
    'Each command has --help. Exit status: 0 done, 1 failed, 2 wrong use.',
    '',
  ].join('\n')
}

function outputOf(json: boolean): Output {
  return {
    result: (words, data) => {
      process.stdout.write(json ? `${JSON.stringify(data)}\n` : `${words}\n`)
    },
    note: words => {
      process.stderr.write(`${words}\n`)
    },
  }
}

/** The command whose name the arguments begin with (the longest), and the arguments behind it. */
function find(args: readonly string[]): { command: Command; rest: readonly string[] } | undefined {
  const fitting = commands
    .filter(({ name }) => name.split(' ').every((word, index) => args[index] === word))
    .toSorted((a, b) => b.name.length - a.name.length)[0]
  if (fitting !== undefined)
    return { command: fitting, rest: args.slice(fitting.name.split(' ').length) }
  const [serve] = commands
  return serve !== undefined && (args[0] === undefined || args[0].startsWith('-'))
    ? { command: serve, rest: args }
    : undefined
}

/** The commands of a noun that is none by itself: `root-key`. */
const verbsOf = (noun: string | undefined): readonly Command[] =>
  commands.filter(({ name }) => name.startsWith(`${noun} `))

function refuseUnknown(args: readonly string[]): never {
  const words = args.slice(0, 2).join(' ')
  const verbs = verbsOf(args[0]).map(({ name }) => name)
  if (verbs.length > 0)
    throw new WrongUse(`Unknown command: ${words}. There is ${verbs.join(', ')}.`)
  const names = commands.map(({ name }) => name)
  const near = suggestion(words, names) || suggestion(args[0] ?? '', names)
  throw new WrongUse(`Unknown command: ${words}.${near} moongate --help lists them.`)
}

const asksHelp = (word: string | undefined): boolean => word === '--help' || word === '-h'

/** `--help` alone, or of a noun. Undefined: that of a command, or something else, is asked for. */
async function helpFor([first, second, ...more]: readonly string[]): Promise<string | undefined> {
  if (second === undefined) return asksHelp(first) || first === 'help' ? overview() : undefined
  if ((!asksHelp(second) && second !== 'help') || more.length > 0) return undefined
  const verbs = verbsOf(first)
  const [only] = verbs
  if (only === undefined) return undefined
  return verbs.length === 1 ? await commandHelp(only) : verbsHelp(first ?? '', verbs)
}

const verbsHelp = (noun: string, verbs: readonly Command[]): string =>
  [
    `Usage: moongate ${noun} VERB [flags]`,
    '',
    ...linesOf(verbs),
    '',
    `Each has --help: moongate ${verbs[0]?.name} --help`,
    '',
  ].join('\n')

async function dispatch(args: readonly string[]): Promise<number> {
  const goOnWithoutReader = endWithReader()
  const [first] = args
  if (first === '--version' || first === 'version') {
    const { version } = await import('../server/version.ts')
    process.stdout.write(`${version}\n`)
    return 0
  }
  const help = await helpFor(args)
  if (help !== undefined) {
    process.stdout.write(help)
    return 0
  }
  if (first === 'help') return await dispatch([...args.slice(1), '--help'])
  const { command, rest } = find(args) ?? refuseUnknown(args)
  const read = readArguments(rest, await command.flags())
  if (read.flags.has('help')) {
    process.stdout.write(await commandHelp(command))
    return 0
  }
  const flags = new Map(read.flags)
  flags.delete('json')
  const called: Arguments = { ...read, flags, output: outputOf(read.flags.has('json')) }
  if (command.kind === 'server') goOnWithoutReader()
  return await command.run(called)
}

/** Errors of people and of the machine, which a sentence explains; anything else is a bug and shows its stack. */
const explained = [
  'FolderInUse',
  'FolderUnusable',
  'PortUnavailable',
  'WrongMasterKey',
  'SchemaMismatch',
  'StoreUnavailable',
  'StoreFull',
  'CommandFailed',
]

/** So long a command that failed may take to let go of what it holds, in milliseconds. */
const graceMs = 2000

/**
 * Runs what the arguments say. Resolves with the exit status: 0 done, 1 failed, 2 wrong use. Who failed may have left
 * something open, a server that could not be closed among it: that keeps the process for a moment only.
 */
export async function run(args: readonly string[]): Promise<number> {
  try {
    return await dispatch(args)
  } catch (error) {
    if (!(error instanceof Error)) throw error
    const wrong = error.name === 'WrongUse' || error.name === 'ConfigError'
    const known = wrong || explained.includes(error.name) || 'syscall' in error
    const words = known ? `moongate: ${error.message}` : (error.stack ?? error.message)
    process.stderr.write(`${words}\n`)
    const status = wrong ? 2 : 1
    setTimeout(() => process.exit(status), graceMs).unref()
    return status
  }
}
