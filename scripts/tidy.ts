/** Keeps the house in order: which room may import which, how long a function and a file may be, and other rules. */
import { readdirSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { dirname, join, posix, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

/** One violation, told as `path:line: what`. */
export interface Finding {
  readonly path: string
  readonly line: number
  readonly what: string
}

/** A file by its path from the root of the repository, with forward slashes. */
export interface SourceFile {
  readonly path: string
  readonly text: string
}

interface Room {
  /** Imports go to lower floors only; rooms of one floor do not import each other. */
  readonly floor: number
  /** Rooms of lower floors that are out of bounds all the same. */
  readonly not?: readonly string[]
  /** Rooms that are allowed, where not all below are. */
  readonly only?: readonly string[]
}

/** The floors of the house (docs/ARCHITECTURE), rooms that are not built yet included. */
export const rooms: Readonly<Record<string, Room>> = {
  model: { floor: 1 },
  wire: { floor: 2 },
  rules: { floor: 2 },
  ports: { floor: 3, only: ['rules', 'model'] },
  buckets: { floor: 4 },
  access: { floor: 4 },
  stores: { floor: 4 },
  repos: { floor: 5, not: ['stores', 'access'] },
  operations: { floor: 6, not: ['stores'] },
  jobs: { floor: 6, not: ['stores'] },
  gateway: { floor: 7, not: ['stores'] },
  endpoints: { floor: 7, not: ['stores'] },
  admin: { floor: 7, not: ['stores'] },
  server: { floor: 8 },
  cli: { floor: 9, only: ['server', 'admin', 'model'] },
}

const fileLinesMax = 400
const functionLinesMax = 70
const bannedNames = /^(?:utils?|helpers?|common|misc)$/
/** What touches disks, databases and sockets, and the rooms that may. */
const outside = new Set([
  'fs',
  'fs/promises',
  'sqlite',
  'net',
  'tls',
  'http',
  'https',
  'http2',
  'dgram',
  'dns',
  'dns/promises',
  'child_process',
  'cluster',
  'worker_threads',
])
const outsideRooms = new Set(['stores', 'server', 'cli'])
const builtins = new Set(builtinModules)

/** Tests, and the contracts that several adapters are tested by: exempt from sizes and from the floors. */
const isTest = (path: string): boolean => /\.(?:test|contract|fixture)\.ts$|^test\//.test(path)
const isGenerated = (path: string): boolean => path.endsWith('.gen.ts')
const roomOf = (path: string): string | undefined => /^src\/([^/]+)\//.exec(path)?.[1]

/** All findings of a set of files, by path and line. */
export function inspect(files: readonly SourceFile[]): Finding[] {
  const sources = files.map(file => parse(file))
  const findings = sources.flatMap(source => [
    ...checkName(source),
    ...checkShape(source),
    ...checkImports(source),
  ])
  findings.push(...findCircles(sources))
  return findings.sort((a, b) => (a.path === b.path ? a.line - b.line : a.path < b.path ? -1 : 1))
}

interface Import {
  readonly line: number
  readonly from: string
  /** Path from the root, for a relative import. */
  readonly target: string | undefined
}

interface Source {
  readonly path: string
  readonly text: string
  readonly lines: readonly string[]
  readonly imports: readonly Import[]
}

const staticImport = /^(?:import|export)\b(?:[^'"`;=()]*?\bfrom)?\s*['"]([^'"]+)['"]/gm
const dynamicImport = /\bimport\(\s*['"]([^'"]+)['"]/g

function parse({ path, text }: SourceFile): Source {
  const imports: Import[] = []
  for (const pattern of [staticImport, dynamicImport]) {
    for (const found of text.matchAll(pattern)) {
      const from = found[1] ?? ''
      const line = text.slice(0, found.index).split('\n').length
      const target = from.startsWith('.') ? posix.join(posix.dirname(path), from) : undefined
      imports.push({ line, from, target })
    }
  }
  return { path, text, lines: text.split('\n'), imports }
}

function checkName({ path }: Source): Finding[] {
  const name = posix.basename(path).replace(/(?:\.test|\.contract|\.fixture|\.gen)?\.ts$/, '')
  const findings: Finding[] = []
  if (bannedNames.test(name)) {
    findings.push({ path, line: 1, what: `a file must not be called ${name}: say what it is for` })
  }
  const room = roomOf(path)
  if (room !== undefined && rooms[room] === undefined) {
    findings.push({ path, line: 1, what: `there is no room called ${room} in the house` })
  }
  return findings
}

function checkShape({ path, text, lines }: Source): Finding[] {
  const findings: Finding[] = []
  const first = lines[0]?.startsWith('#!') ? (lines[1] ?? '') : (lines[0] ?? '')
  // A test beside its file is for that file.
  if (!/^(?:\/\/|\/\*)/.test(first) && !path.endsWith('.test.ts')) {
    findings.push({ path, line: 1, what: 'the first line must say what the file is for' })
  }
  for (const found of text.matchAll(/^export default\b|^export \{[^}]*\bas default\b/gm)) {
    const line = text.slice(0, found.index).split('\n').length
    findings.push({ path, line, what: 'no default exports' })
  }
  if (isGenerated(path) || isTest(path)) return findings
  const count = lines.at(-1) === '' ? lines.length - 1 : lines.length
  if (count > fileLinesMax) {
    findings.push({ path, line: count, what: `${count} lines; a file has at most ${fileLinesMax}` })
  }
  for (const { line, length } of measureFunctions(lines)) {
    if (length > functionLinesMax) {
      const what = `${length} lines; a function has at most ${functionLinesMax}`
      findings.push({ path, line, what })
    }
  }
  return findings
}

// The formatter puts a function's head on one line or breaks its parameters, and its closing brace at the head's
// indentation: that is enough to measure without a parser.
const functionHead =
  /^(\s*)(?:export )?(?:(?:async )?function\b|(?:const|let) \w+[^=]*= (?:async )?(?:<.*>)?(?:\(|\w+ =>)|(?:(?:static|private|public|override|async|get|set) |\*)*#?[\w.]+(?:<[^>]*>)?\((?:$|.*(?:\)(?:: .*)?|=>) \{$))/
const notFunction = /^\s*(?:if|for|while|switch|catch|return|throw|await|super|test|describe|it)\b/

function measureFunctions(lines: readonly string[]): { line: number; length: number }[] {
  const found: { line: number; length: number }[] = []
  lines.forEach((text, index) => {
    const indent = functionHead.exec(text)?.[1]
    if (indent === undefined || notFunction.test(text)) return
    const end = closing(lines, index, indent)
    if (end > index) found.push({ line: index + 1, length: end - index + 1 })
  })
  return found
}

/** The line of the brace that closes what begins at `start`, or `start` when it fits in one line or is no function. */
function closing(lines: readonly string[], start: number, indent: string): number {
  for (let i = start; i < lines.length; i++) {
    const text = lines[i] ?? ''
    if (i > start && text.trim() !== '' && text.length > 0) {
      const own = /^\s*/.exec(text)?.[0].length ?? 0
      if (own < indent.length) return start
      if (own === indent.length) {
        if (/^\s*\}[;,)]*$/.test(text)) return i
        // The end of broken parameters: the body begins on this line, or there is none.
        if (!/^\s*[)}\]>].*(?:\{|=>|\(|:)$/.test(text)) return start
      }
    } else if (i === start && /[^{(,=>&|:?]$/.test(text)) {
      return start
    }
  }
  return start
}

function checkImports(source: Source): Finding[] {
  const { path, imports } = source
  const room = roomOf(path)
  const findings: Finding[] = []
  for (const { line, from, target } of imports) {
    const report = (what: string): void => {
      findings.push({ path, line, what })
    }
    if (target !== undefined) {
      if (!from.endsWith('.ts') && !from.endsWith('.json')) report(`import ${from} with its .ts`)
      const refusal = room === undefined || isTest(path) ? undefined : refuse(room, target)
      if (refusal !== undefined) report(refusal)
      continue
    }
    const bare = from.replace(/^node:/, '')
    if (!from.startsWith('node:') && builtins.has(bare)) report(`import node:${bare}, not ${from}`)
    if (room !== undefined && !isTest(path) && !outsideRooms.has(room) && outside.has(bare)) {
      report(`src/${room} must not use node:${bare}: only stores and the server reach outside`)
    }
  }
  return findings
}

/** Why a room must not import the target, or undefined if it may. */
function refuse(room: string, target: string): string | undefined {
  const other = roomOf(target)
  if (other === undefined) {
    const known = target === 'package.json' || /^src\/[^/]+\.ts$/.test(target)
    return known ? undefined : `src/${room} must not import ${target}`
  }
  const here = rooms[room]
  const there = rooms[other]
  if (other === room || here === undefined) return undefined
  if (there === undefined) return `there is no room called ${other} in the house`
  if (there.floor > here.floor) return `src/${room} must not import up, from src/${other}`
  if (there.floor === here.floor) return `src/${room} and src/${other} are on one floor`
  const allowed = here.only?.includes(other) ?? !(here.not?.includes(other) ?? false)
  return allowed ? undefined : `src/${room} must not import src/${other}`
}

/** Files that import each other in a circle, types included; each circle once. */
function findCircles(sources: readonly Source[]): Finding[] {
  const byPath = new Map(sources.map(source => [source.path, source]))
  const state = new Map<string, 'open' | 'done'>()
  const trail: string[] = []
  const findings: Finding[] = []
  const visit = (source: Source): void => {
    state.set(source.path, 'open')
    trail.push(source.path)
    for (const { target, line } of source.imports) {
      const next = target === undefined ? undefined : byPath.get(target)
      if (next === undefined) continue
      const seen = state.get(next.path)
      if (seen === 'open') {
        const circle = [...trail.slice(trail.indexOf(next.path)), next.path]
        findings.push({ path: source.path, line, what: `a circle: ${circle.join(' → ')}` })
      } else if (seen === undefined) {
        visit(next)
      }
    }
    trail.pop()
    state.set(source.path, 'done')
  }
  for (const source of sources) if (!state.has(source.path)) visit(source)
  return findings
}

/** Every TypeScript file of the house that is ours. */
export function readHouse(root: string): SourceFile[] {
  const files: SourceFile[] = []
  for (const folder of ['src', 'scripts', 'test', 'bench']) walk(join(root, folder))
  return files

  function walk(folder: string): void {
    for (const entry of readFolder(folder)) {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) {
        if (entry.name !== 'fixtures' && entry.name !== 'node_modules') walk(path)
      } else if (entry.name.endsWith('.ts')) {
        const name = relative(root, path).replaceAll('\\', '/')
        files.push({ path: name, text: readFileSync(path, 'utf8') })
      }
    }
  }
}

function readFolder(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true })
  } catch {
    // A folder that has nothing to do yet is not there yet.
    return []
  }
}

if (import.meta.main) {
  const files = readHouse(dirname(dirname(fileURLToPath(import.meta.url))))
  const findings = inspect(files)
  for (const { path, line, what } of findings) console.error(`${path}:${line}: ${what}`)
  console.log(
    findings.length === 0 ? `tidy: ${files.length} files` : `tidy: ${findings.length} to put right`,
  )
  process.exitCode = findings.length === 0 ? 0 : 1
}
