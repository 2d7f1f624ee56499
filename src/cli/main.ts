/** The command `moongate`. It only looks whether this Node will do; the rest is loaded after that. */
import { enableCompileCache, flushCompileCache } from 'node:module'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { nodeComplaint } from './node-version.ts'

const complaint = nodeComplaint(process.version)
if (complaint === undefined) {
  // In the user's own folder: in a shared one anybody could leave code for us to run.
  enableCompileCache(join(homedir(), '.cache', 'moongate', 'compiled'))
  const { run } = await import('./run.ts')
  setTimeout(flushCompileCache, 2000).unref()
  process.exitCode = await run(process.argv.slice(2))
} else {
  process.stderr.write(`${complaint}\n`)
  process.exitCode = 1
}
