/** A load generator for machines without wrk: so many connections, each with one request after the other. */
import { Agent, request } from 'node:http'
import { parentPort, workerData } from 'node:worker_threads'
import type { Counted, LoadOptions } from './load.ts'

const options = workerData as LoadOptions & { readonly host: string }
const [hostname, port] = options.host.split(':')
const agent = new Agent({ keepAlive: true, maxSockets: options.connections })
const body = Buffer.alloc(options.bodyBytes ?? 0, 'moongate-')
const times: number[] = []
let next = options.skip ?? 0
let errors = 0

function once(method: string, path: string): Promise<void> {
  return new Promise(resolve => {
    const began = performance.now()
    const headers = { host: options.host, 'content-length': body.length }
    const sent = request({ hostname, port, agent, method, path, headers }, response => {
      if ((response.statusCode ?? 500) >= 400) errors += 1
      response.resume().once('end', () => {
        times.push(performance.now() - began)
        resolve()
      })
    })
    sent.once('error', () => {
      errors += 1
      resolve()
    })
    sent.end(body)
  })
}

const began = performance.now()
const end = began + options.seconds * 1000
async function connection(): Promise<void> {
  while (performance.now() < end) {
    const path = options.urls[next++ % options.urls.length] ?? '/'
    await once(options.method, path)
  }
}
await Promise.all(Array.from({ length: options.connections }, connection))
times.sort((a, b) => a - b)
const counted: Counted = {
  requests: times.length,
  seconds: (performance.now() - began) / 1000,
  errors,
  p99Ms: times[Math.floor(times.length * 0.99)] ?? 0,
}
parentPort?.postMessage(counted)
agent.destroy()
