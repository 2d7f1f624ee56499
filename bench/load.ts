/** Load on a target: wrk where it is installed, else the generator in generator.ts, in a thread of its own. */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { cpuSeconds, has, ownMemory, pinned, type Target } from './target.ts'

export interface LoadOptions {
  readonly method: string
  /** Path and query each; sent in turn. */
  readonly urls: readonly string[]
  readonly connections: number
  readonly seconds: number
  readonly bodyBytes?: number
  /** The url to begin with. */
  readonly skip?: number
}

/** What a load generator counted. */
export interface Counted {
  readonly requests: number
  readonly seconds: number
  readonly errors: number
  readonly p99Ms: number
}

export interface Measured extends Counted {
  /** Of the server, microseconds for each request. */
  readonly cpuMicros: number
  /** The most own memory seen meanwhile, in MiB. */
  readonly memory: number
}

const script = `
local urls = {}
for line in io.lines(os.getenv("URLS")) do urls[#urls + 1] = line end
local method, bytes, at = os.getenv("METHOD"), tonumber(os.getenv("BYTES")), tonumber(os.getenv("SKIP"))
local body = nil
if bytes > 0 then body = string.rep("moongate-", math.floor(bytes / 9) + 1):sub(1, bytes) end
request = function() at = at % #urls + 1; return wrk.format(method, urls[at], nil, body) end
done = function(s, l)
  local e = s.errors.status + s.errors.read + s.errors.write + s.errors.timeout
  io.write(string.format("COUNTED %d %d %d %d\\n", s.requests, s.duration, e, l:percentile(99)))
end
`

export const generatorName = has('wrk') ? 'wrk' : 'generator.ts in a thread (no wrk is installed)'

async function byWrk(target: Target, options: LoadOptions): Promise<Counted> {
  const { method, urls, connections, seconds, bodyBytes = 0, skip = 0 } = options
  const folder = mkdtempSync(join(tmpdir(), 'moongate-bench-'))
  try {
    writeFileSync(join(folder, 'urls'), urls.join('\n'))
    writeFileSync(join(folder, 'load.lua'), script)
    const flags = ['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '60s']
    const lua = join(folder, 'load.lua')
    const [program, args] = pinned(1, ['wrk', ...flags, '-s', lua, `http://${target.host}`])
    const env = {
      ...process.env,
      URLS: join(folder, 'urls'),
      METHOD: method,
      BYTES: String(bodyBytes),
      SKIP: String(skip % urls.length),
    }
    const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'inherit'] })
    let text = ''
    child.stdout.setEncoding('utf8').on('data', (part: string) => {
      text += part
    })
    await new Promise(resolve => child.once('close', resolve))
    const found = /COUNTED (\d+) (\d+) (\d+) (\d+)/.exec(text)
    if (found === null) throw new Error(`wrk said: ${text}`)
    const [requests = 0, micros = 0, errors = 0, p99 = 0] = found.slice(1).map(Number)
    return { requests, seconds: micros / 1e6, errors, p99Ms: p99 / 1000 }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function byThread(target: Target, options: LoadOptions): Promise<Counted> {
  return new Promise((resolve, reject) => {
    const workerData = { host: target.host, ...options }
    const worker = new Worker(new URL('./generator.ts', import.meta.url), { workerData })
    worker.once('message', resolve)
    worker.once('error', reject)
  })
}

/** Runs the load and watches the server's CPU time and memory meanwhile. */
export async function load(target: Target, options: LoadOptions): Promise<Measured> {
  let memory = ownMemory(target)
  const watch = setInterval(() => {
    memory = Math.max(memory, ownMemory(target))
  }, 200)
  const before = cpuSeconds(target)
  const counted = await (generatorName === 'wrk' ? byWrk : byThread)(target, options)
  clearInterval(watch)
  const cpuMicros = ((cpuSeconds(target) - before) / Math.max(1, counted.requests)) * 1e6
  return { ...counted, cpuMicros, memory: Math.max(memory, ownMemory(target)) }
}
