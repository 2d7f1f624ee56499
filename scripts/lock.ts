/**
 * Sees to it that package-lock.json names every platform's build of the tools. A registry that mirrors one platform has
 * npm leave the others out, and then `npm ci` refuses the lock file everywhere. `--verify` only looks.
 */
import { readFileSync, writeFileSync } from 'node:fs'

interface Entry {
  readonly version?: string
  readonly dev?: boolean
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

/** The words that npm chooses by, as the package's name has them: `binding-linux-x64-musl`. */
function platform(name: string): Readonly<Record<string, readonly string[]>> {
  const words = name.slice(name.indexOf('/') + 1).replace(/^(?:cli|binding)-/, '')
  const [os = '', cpu = '', abi = ''] = words.split('-')
  const libc =
    os === 'linux' && abi !== '' ? { libc: [abi.includes('musl') ? 'musl' : 'glibc'] } : {}
  return { cpu: [cpu], ...libc, os: [os] }
}

/** What is missing, by its place in the lock file. */
function missing(packages: Readonly<Record<string, Entry>>): Record<string, object> {
  const found: Record<string, object> = {}
  for (const [path, { dev, optionalDependencies = {} }] of Object.entries(packages)) {
    for (const [name, version] of Object.entries(optionalDependencies)) {
      const places = [`node_modules/${name}`, `${path}/node_modules/${name}`]
      if (places.some(place => packages[place] !== undefined)) continue
      // No digest: it cannot be known from here, and is written by npm where the registry has the package.
      const { cpu, ...rest } = platform(name)
      const kind = dev === true ? { dev } : {}
      found[`node_modules/${name}`] = { version, cpu, ...kind, optional: true, ...rest }
    }
  }
  return found
}

const file = new URL('../package-lock.json', import.meta.url)
const lock: { packages: Record<string, Entry> } = JSON.parse(readFileSync(file, 'utf8'))
const lacking = missing(lock.packages)
const names = Object.keys(lacking).map(place => place.slice('node_modules/'.length))
if (names.length > 0 && process.argv.includes('--verify')) {
  process.stderr.write(`package-lock.json lacks ${names.join(', ')}: npm run lock\n`)
  process.exitCode = 1
} else if (names.length > 0) {
  const [root = ['', {}], ...rest] = Object.entries(lock.packages)
  const sorted = [...rest, ...Object.entries(lacking)].toSorted(([a], [b]) =>
    a.localeCompare(b, 'en'),
  )
  const packages = Object.fromEntries([root, ...sorted])
  writeFileSync(file, `${JSON.stringify({ ...lock, packages }, undefined, 2)}\n`)
}
