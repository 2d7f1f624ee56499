/** What a command is, how its arguments are read and how its help is printed. */
import { parseArgs } from 'node:util'

export interface Flag {
  /** As help shows it, for instance `URL`; a switch has none. */
  readonly shown?: string
  readonly doc: string
}

/** Answers in words, or with `--json` as data. */
export interface Output {
  /** One result: `words` for people, `data` for programs. */
  readonly result: (words: string, data: unknown) => void
  readonly note: (words: string) => void
}

export interface Arguments {
  readonly positionals: readonly string[]
  readonly flags: ReadonlyMap<string, readonly string[]>
  readonly output: Output
}

export type Kind = 'server' | 'folder' | 'remote'

export interface Command {
  /** Noun, then verb: `root-key rotate`. */
  readonly name: string
  readonly kind: Kind
  readonly summary: string
  /** After the name: `<bucket>`. */
  readonly positionals?: string
  /** By name without dashes; asked for only when needed. */
  flags(): Promise<Readonly<Record<string, Flag>>>
  readonly examples: readonly string[]
  /** More help after the flags. */
  details?(): Promise<string>
  /** Resolves with the exit status. */
  run(args: Arguments): Promise<number>
}

/** The command was called in a way that it does not know: exit status 2. */
export class WrongUse extends Error {
  override readonly name = 'WrongUse'
}

const common: Readonly<Record<string, Flag>> = {
  json: { doc: 'Answer as JSON, a line for each result' },
  help: { doc: 'Show this' },
}

/** How many single-letter changes lead from one word to the other, up to 3. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}

/** ` Did you mean …?` for a word that is close to a known one, else nothing. */
export function suggestion(word: string, known: readonly string[], dashes = ''): string {
  const near = known
    .map(candidate => ({ candidate, far: distance(word, candidate) }))
    .toSorted((a, b) => a.far - b.far)[0]
  return near !== undefined && near.far <= 2 ? ` Did you mean ${dashes}${near.candidate}?` : ''
}

/** Reads flags and positionals. Throws {@link WrongUse} for an unknown flag or one without its value. */
export function readArguments(
  args: readonly string[],
  own: Readonly<Record<string, Flag>>,
): Omit<Arguments, 'output'> {
  const flags = { ...own, ...common }
  const options = Object.fromEntries(
    Object.entries(flags).map(([name, { shown }]) => [
      name,
      { type: shown === undefined ? ('boolean' as const) : ('string' as const), multiple: true },
    ]),
  )
  const { tokens } = parseArgs({ args: [...args], options, strict: false, tokens: true })
  const read = new Map<string, string[]>()
  const positionals: string[] = []
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value)
    if (token.kind !== 'option') continue
    const { rawName } = token
    const name = token.name === 'h' ? 'help' : token.name
    const flag = flags[name]
    if (flag === undefined || !Object.hasOwn(flags, name))
      throw new WrongUse(`Unknown flag: ${rawName}.${suggestion(name, Object.keys(flags), '--')}`)
    if (
      flag.shown !== undefined &&
      (token.value === undefined || isFlag(token.value, token.inlineValue))
    )
      throw new WrongUse(`${rawName} needs a value: ${rawName} ${flag.shown}.`)
    const values = read.get(name) ?? []
    values.push(token.value ?? 'true')
    read.set(name, values)
  }
  return { positionals, flags: read }
}

/** `--host --port` is a forgotten value, `--host=--port` is meant. */
const isFlag = (value: string, inline: boolean | undefined): boolean =>
  inline !== true && value.startsWith('--')

/** The help of one command. */
export async function commandHelp(command: Command): Promise<string> {
  const flags = { ...(await command.flags()), ...common }
  const left = Object.entries(flags).map(
    ([name, { shown }]) => `--${name}${shown === undefined ? '' : ` ${shown}`}`,
  )
  const width = Math.min(32, Math.max(...left.map(text => text.length)))
  const lines = Object.values(flags).map(({ doc }, index) => {
    const name = left[index] ?? ''
    return name.length > width
      ? `  ${name}\n  ${' '.repeat(width)}  ${doc}`
      : `  ${name.padEnd(width)}  ${doc}`
  })
  const usage = ['moongate', command.name, command.positionals].filter(Boolean).join(' ')
  const details = await command.details?.()
  return [
    `${command.summary}.`,
    '',
    `Usage: ${usage} [flags]`,
    '',
    'Flags:',
    ...lines,
    ...(details === undefined ? [] : ['', details]),
    '',
    'Examples:',
    ...command.examples.map(example => `  ${example}`),
    '',
  ].join('\n')
}
