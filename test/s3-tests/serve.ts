// A Moongate as ceph/s3-tests wants it: its users, its old signature, ACLs that count. `node test/s3-tests/serve.ts [PORT]`
// serves on 127.0.0.1 until it is stopped; what it kept goes with it.

import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const here = import.meta.dirname
const port = process.argv[2] ?? '8000'
const data = mkdtempSync(join(tmpdir(), 'moongate-s3-tests-'))
const flags = Object.entries({
  port,
  data,
  config: join(here, 'accounts.toml'),
  'default-object-ownership': 'ObjectWriter',
}).flatMap(([name, value]) => [`--${name}`, value])
const server = spawn(
  process.execPath,
  [join(here, '../../scripts/start.mjs'), 'serve', '--sigv2', ...flags],
  { stdio: 'inherit' },
)
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => server.kill(signal))
server.on('exit', code => {
  rmSync(data, { recursive: true, force: true })
  process.exitCode = code ?? 1
})
