/** Counters as Prometheus wants them: shaped as prom-client's own exports, summed over workers and printed by it. */
import { readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { Counters, latencyBounds, type OperationCounts, statusLabels } from './counters.ts'

type Prometheus = typeof import('prom-client')
/** Loaded by whoever asks first: the start need not wait for it. */
const loadPrometheus = (): Prometheus => createRequire(import.meta.url)('prom-client')

/** A number that a store or a job tells of itself. */
export interface Gauge {
  readonly name: string
  readonly help: string
  readonly value: number
}

interface Value {
  readonly labels: Readonly<Record<string, string | number>>
  readonly value: number
  readonly metricName?: string
}

interface Metric {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly aggregator: 'sum'
  readonly values: readonly Value[]
}

const metric = (
  type: Metric['type'],
  name: string,
  help: string,
  values: readonly Value[],
): Metric => ({ name, help, type, aggregator: 'sum', values })

function latencies(name: string, operations: readonly OperationCounts[]): readonly Value[] {
  return operations.flatMap(({ operation, latencies: counts, seconds }) => {
    let sum = 0
    const values: Value[] = counts.map((count, index) => {
      sum += count
      const le = latencyBounds[index] ?? '+Inf'
      return { metricName: `${name}_bucket`, labels: { operation, le }, value: sum }
    })
    values.push({ metricName: `${name}_sum`, labels: { operation }, value: seconds })
    values.push({ metricName: `${name}_count`, labels: { operation }, value: sum })
    return values
  })
}

function workerMetrics(counters: Counters, worker: string): readonly Metric[] {
  const operations = counters.operations()
  const { inFlight, heapBytes, utilisation } = counters.gauges
  const duration = 'moongate_request_duration_seconds'
  const requests = operations.flatMap(({ operation, statuses }) =>
    statuses.flatMap((value, index) =>
      value === 0 ? [] : [{ labels: { operation, status: statusLabels[index] ?? '' }, value }],
    ),
  )
  const per = (pick: (counts: OperationCounts) => number) =>
    operations.map(counts => ({ labels: { operation: counts.operation }, value: pick(counts) }))
  const own = (value: number) => [{ labels: { worker }, value }]
  return [
    metric('counter', 'moongate_requests_total', 'Requests answered', requests),
    metric('histogram', duration, 'Time from headers to answer', latencies(duration, operations)),
    metric(
      'counter',
      'moongate_received_bytes_total',
      'Bytes of request bodies',
      per(counts => counts.bytesIn),
    ),
    metric(
      'counter',
      'moongate_sent_bytes_total',
      'Bytes of answers',
      per(counts => counts.bytesOut),
    ),
    metric(
      'counter',
      'moongate_errors_total',
      'Answers with an S3 error, by code',
      counters.errors().map(({ code, count }) => ({ labels: { code }, value: count })),
    ),
    metric('gauge', 'moongate_requests_in_flight', 'Requests not answered yet', [
      { labels: {}, value: inFlight },
    ]),
    metric('gauge', 'moongate_worker_heap_bytes', "JavaScript's memory in use", own(heapBytes)),
    metric('gauge', 'moongate_worker_utilisation', 'Share of time busy', own(utilisation)),
  ]
}

function openDescriptors(): readonly Value[] {
  try {
    return [{ labels: {}, value: readdirSync('/proc/self/fd').length }]
  } catch {
    return []
  }
}

function processMetrics(): readonly Metric[] {
  const { user, system } = process.cpuUsage()
  const one = (value: number) => [{ labels: {}, value }]
  const started = Date.now() / 1000 - process.uptime()
  return [
    metric('counter', 'process_cpu_seconds_total', 'CPU time', one((user + system) / 1e6)),
    metric('gauge', 'process_resident_memory_bytes', 'Memory', one(process.memoryUsage.rss())),
    metric('gauge', 'process_start_time_seconds', 'Start, Unix time', one(started)),
    metric('gauge', 'process_open_fds', 'Open file descriptors', openDescriptors()),
  ]
}

/** Everything in the text format of Prometheus, and its media type. */
export async function printMetrics(
  workers: readonly Counters[],
  gauges: readonly Gauge[],
): Promise<{ readonly text: string; readonly contentType: string }> {
  const { AggregatorRegistry } = loadPrometheus()
  const others = gauges.map(({ name, help, value }) =>
    metric('gauge', name, help, [{ labels: {}, value }]),
  )
  const all = workers.map((counters, index) => workerMetrics(counters, String(index)))
  const registry = AggregatorRegistry.aggregate([...all, [...processMetrics(), ...others]])
  return { text: await registry.metrics(), contentType: registry.contentType }
}
