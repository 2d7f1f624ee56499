/** Prints docs/openapi.json from the declarations of the admin API; `--verify` only compares. */
import { readFileSync, writeFileSync } from 'node:fs'
import { openApi } from '../src/admin/openapi.ts'
import { routes } from '../src/admin/routes/index.ts'

const file = new URL('../docs/openapi.json', import.meta.url)
const text = `${JSON.stringify(openApi(routes), null, 2)}\n`

if (!process.argv.includes('--verify')) writeFileSync(file, text)
else if (readFileSync(file, 'utf8') !== text) {
  process.stderr.write('docs/openapi.json is not what the routes say: run npm run openapi\n')
  process.exitCode = 1
}
