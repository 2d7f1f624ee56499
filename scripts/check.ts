/**
 * `npm run check`: what `printed`, `lint` and `test:fast` of package.json say, the tests beside the rest, for there is time
 * in which they wait. Everything is run to its end, and what failed is told last.
 */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'

const root = join(import.meta.dirname, '..')
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>
}
// As npm has it: tools of the project by their names.
const path = `${join(root, 'node_modules', '.bin')}${delimiter}${process.env['PATH'] ?? ''}`
const failed: string[] = []

/** Output is told in one piece, so that commands side by side do not mix theirs. */
function run(command: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const output: Buffer[] = []
  const child = spawn(command, {
    cwd: root,
    shell: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, PATH: path },
  })
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => output.push(chunk))
  child.on('close', status => {
    process.stdout.write(Buffer.concat(output))
    if (status !== 0) failed.push(command)
    resolve()
  })
  return promise
}

async function all(...names: string[]): Promise<void> {
  for (const name of names) {
    const said = scripts[name]
    if (said === undefined) throw new Error(`package.json has no script ${name}`)
    for (const command of said.split(' && ')) await run(command)
  }
}

await Promise.all([all('test:fast'), all('printed', 'lint')])
for (const command of failed) process.stderr.write(`failed: ${command}\n`)
process.exitCode = failed.length === 0 ? 0 : 1
