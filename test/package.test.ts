/** What would be published: packed, installed into an empty folder with its Node, and run there. */
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { promisify } from 'node:util'

const run = promisify(execFile)
const root = new URL('..', import.meta.url)
const folder = await mkdtemp(join(tmpdir(), 'moongate-package-'))
after(() => rm(folder, { recursive: true, force: true }))

test('the packed tarball installs, says its version and serves', { timeout: 180_000 }, async () => {
  const manifest = JSON.parse(await readFile(new URL('package.json', root), 'utf8'))
  const packed = await run('npm', ['pack', '--pack-destination', folder, '--json'], { cwd: root })
  // Scripts that run before it may print as well: the list is what stands at the end.
  const [{ filename }] = JSON.parse(packed.stdout.slice(packed.stdout.search(/^\[/m)))
  const project = { name: 'empty', private: true, allowScripts: { node: true } }
  await writeFile(join(folder, 'package.json'), JSON.stringify(project))
  const packages = [join(folder, filename), 'node@26']
  await run('npm', ['install', '--no-audit', '--no-fund', ...packages], { cwd: folder })

  const installed = join(folder, 'node_modules', 'moongate')
  const readme = await readFile(join(installed, 'README.md'), 'utf8')
  const links = [...readme.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, path = '']) => path)
  assert.ok(links.length > 5)
  for (const path of ['NOTICE', ...links]) await access(join(installed, path))

  const said = await run('npx', ['moongate', '--version'], { cwd: folder })
  assert.equal(said.stdout.trim(), manifest.version)

  const path = `${join(folder, 'node_modules/.bin')}:${process.env['PATH']}`
  const server = spawn('moongate', ['--memory', '--port', '0'], {
    cwd: folder,
    env: { ...process.env, PATH: path },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let heard = ''
  for await (const data of server.stdout) {
    heard += String(data)
    if (heard.includes('\n')) break
  }
  const endpoint = /http:\/\/\S+/.exec(heard)?.[0] ?? ''
  const answer = await fetch(endpoint)
  assert.equal(answer.status, 403)
  assert.match(await answer.text(), /<Code>AccessDenied<\/Code>/)
  server.kill('SIGTERM')
  const [status] = await once(server, 'exit')
  assert.equal(status, 0)

  const program = `import { startGateway } from 'moongate'
const gateway = await startGateway({ buckets: ['aaa'] })
console.log((await fetch(gateway.endpoint + '/-/health/ready')).status)
await gateway.close()`
  await writeFile(join(folder, 'program.mjs'), program)
  const library = await run('node', ['program.mjs'], { cwd: folder, env: { PATH: path } })
  assert.equal(library.stdout.trim(), '200')
})
