/** The command `moongate`. It only looks whether this Node will do; the rest is loaded after that. */
import { flushCompileCache } from 'node:module'
import { nodeComplaint } from '../server/node-version.ts'

const complaint = nodeComplaint(process.version)
if (complaint === undefined) {
  await import('../server/compile-cache.ts')
  const { run } = await import('./run.ts')
  setTimeout(flushCompileCache, 2000).unref()
  process.exitCode = await run(process.argv.slice(2))
} else {
  process.stderr.write(`${complaint}\n`)
  process.exitCode = 1
}
