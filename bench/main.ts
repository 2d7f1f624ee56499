/** `npm run bench`: measures this tree's server, and peers that run already, and prints a table. See README.md. */
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { generatorName } from './load.ts'
import { type Line, large, list, prepare, type RunOptions, small } from './runs.ts'
import { ownMemory, readPeer, startOwn, type Target } from './target.ts'

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: 'small,list,large' },
    seconds: { type: 'string', default: '5' },
    connections: { type: 'string', default: '1,16,64' },
    keys: { type: 'string', default: '20000' },
    'list-keys': { type: 'string', default: '1000000' },
    port: { type: 'string', default: '9290' },
    workers: { type: 'string', default: '1' },
    peer: { type: 'string', multiple: true, default: [] },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

const help = `npm run bench -- [--only small,list,large] [--seconds 5] [--connections 1,16,64] [--keys 20000]
  [--list-keys 1000000] [--workers 1] [--port 9290] [--json]
  [--peer name=http://127.0.0.1:3900,ACCESSKEY,SECRET,PID]...
`

interface Result {
  readonly server: string
  readonly line: Line
}

const results: Result[] = []
const runs: Readonly<Record<string, (options: RunOptions) => Promise<void>>> = {
  small,
  list,
  large,
}

async function measure(target: Target): Promise<void> {
  const options: RunOptions = {
    target,
    seconds: Number(values.seconds),
    connections: values.connections.split(',').map(Number),
    keys: Number(values.keys),
    listKeys: Number(values['list-keys']),
    add(line) {
      results.push({ server: target.name, line })
      if (values.json) process.stdout.write(`${JSON.stringify({ server: target.name, ...line })}\n`)
      else process.stdout.write(`${row(target.name, line)}\n`)
    },
  }
  const rest = { connections: 0, rate: '', cpu: '', p99: '', errors: 0 }
  const { startSeconds } = target
  if (startSeconds !== undefined)
    options.add({
      ...rest,
      what: 'start to first answer',
      rate: `${startSeconds.toFixed(2)} s`,
      memory: `${Math.round(ownMemory(target))} MiB`,
    })
  await prepare(options)
  for (const name of values.only.split(',')) {
    const run = runs[name]
    if (run === undefined) throw new Error(`--only ${name}: ${Object.keys(runs).join(', ')}`)
    await run(options)
  }
  options.add({ ...rest, what: 'after all that', memory: `${Math.round(ownMemory(target))} MiB` })
}

const row = (server: string, { what, connections, rate, cpu, p99, memory, errors }: Line): string =>
  `| ${[server, what, connections || '', rate, cpu, p99, memory, errors || ''].join(' | ')} |`

if (values.help) process.stdout.write(help)
else {
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, node ${process.version}`
  process.stdout.write(
    `${machine}; load by ${generatorName}; ${new Date().toISOString().slice(0, 10)}\n\n`,
  )
  process.stdout.write(
    '| server | what | connections | rate | CPU each | p99 | own memory, most | errors |\n',
  )
  process.stdout.write('|---|---|---:|---:|---:|---:|---:|---:|\n')
  for (const text of values.peer) await measure(readPeer(text))
  const own = await startOwn({ port: Number(values.port), workers: Number(values.workers) })
  try {
    await measure(own)
  } finally {
    await own.stop()
  }
}
