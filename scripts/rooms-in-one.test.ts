/**
 * The tests of rooms that share nothing with one another, neither sockets nor threads, in one process: to start one for
 * each of their files takes longer than what they test. `npm run test:fast` leaves these files to this one.
 */
import { globSync } from 'node:fs'

const files = globSync('src/{access,admin,gateway,jobs,model,operations,rules,wire}/**/*.test.ts', {
  cwd: `${import.meta.dirname}/..`,
})
for (const file of files.toSorted()) await import(`../${file}`)
