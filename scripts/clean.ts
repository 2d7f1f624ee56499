/** Removes what the last build left, so that no file of it outlives its source. */
import { rmSync } from 'node:fs'

rmSync(new URL('../dist', import.meta.url), { recursive: true, force: true })
