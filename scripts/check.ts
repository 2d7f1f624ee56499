/**
 * `npm run check`: the scripts `printed`, `lint` and `test:fast` of package.json, the tests beside the other two, because
 * tests often wait. Every command is run, whatever failed before it, and those that failed are told last.
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

/** Resolves when the command has ended. Output is told in one piece, so that commands side by side do not mix theirs. */
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

/** Runs the commands of these scripts one after the other. */
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
