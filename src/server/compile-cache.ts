/** Compiled code is kept between starts, which halves them. Imported before anything else; imports only what Node has. */
import { enableCompileCache } from 'node:module'
import { homedir } from 'node:os'
import { join } from 'node:path'

// In the user's own folder: in a shared one anybody could leave code for us to run.
const folder = join(homedir(), '.cache', 'moongate', 'compiled')
enableCompileCache(folder)
// Threads read the variable; without their cache each would load Node's TypeScript compiler, 20 MiB of it.
process.env['NODE_COMPILE_CACHE'] ??= folder
