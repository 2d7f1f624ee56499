/** What is counted of requests, in one shared buffer a worker: adding is a few array stores, reading sums all workers. */
import type { RequestRecord } from '../gateway/message.ts'
import { errorTable } from '../model/errors.ts'
import { operationNames } from '../model/operations.ts'

/** Names of operations as the metrics say them, those of other services together; `-` for what never became one. */
export const operationLabels: readonly string[] = [
  ...operationNames,
  'Preflight',
  'iam',
  'sts',
  'admin',
  '-',
]

function indexOfOperation(name: string): number {
  const service = name.slice(0, Math.max(0, name.indexOf(':')))
  return operationIndex.get(name) ?? operationIndex.get(service) ?? operationLabels.length - 1
}
/** Statuses that are told apart; the last stands for every other. */
export const statusLabels: readonly string[] =
  '200 201 204 206 301 302 304 307 400 403 404 405 408 409 411 412 416 417 431 500 501 503 504 507 other'.split(
    ' ',
  )
export const errorLabels: readonly string[] = [...Object.keys(errorTable), 'other']
/** Upper bounds of the latency histogram, in seconds; one more bucket is without a bound. */
export const latencyBounds: readonly number[] = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60,
]

const indexOf = (labels: readonly string[]): ReadonlyMap<string, number> =>
  new Map(labels.map((label, index) => [label, index]))
const operationIndex = indexOf(operationLabels)
const errorIndex = indexOf(errorLabels)
const statusIndex = new Uint8Array(1000).fill(statusLabels.length - 1)
statusLabels.forEach((label, index) => {
  if (label !== 'other') statusIndex[Number(label)] = index
})

const buckets = latencyBounds.length + 1
/** Of one operation: statuses, latency buckets, seconds, bytes in, bytes out. */
const stride = statusLabels.length + buckets + 3
const secondsAt = statusLabels.length + buckets
const errorsAt = operationLabels.length * stride
/** Requests in flight, heap in bytes, utilisation of the event loop from 0 to 1. */
const gaugesAt = errorsAt + errorLabels.length
const total = gaugesAt + 3

export const countersBytes = total * 8

export interface OperationCounts {
  readonly operation: string
  /** By {@link statusLabels}. */
  readonly statuses: readonly number[]
  /** By {@link latencyBounds}, and one without a bound; not cumulative. */
  readonly latencies: readonly number[]
  readonly seconds: number
  readonly bytesIn: number
  readonly bytesOut: number
}

export class Counters {
  readonly #values: Float64Array

  constructor(buffer: SharedArrayBuffer) {
    this.#values = new Float64Array(buffer)
  }

  /** A request is over. */
  count(
    record: RequestRecord,
    seen: { status: number; milliseconds: number; bytesIn: number; bytesOut: number },
  ): void {
    const values = this.#values
    const operation = indexOfOperation(record.operation)
    const start = operation * stride
    const add = (at: number, amount: number) => {
      values[at] = (values[at] ?? 0) + amount
    }
    add(start + (statusIndex[seen.status] ?? statusLabels.length - 1), 1)
    const seconds = seen.milliseconds / 1000
    let bucket = 0
    while (bucket < buckets - 1 && seconds > (latencyBounds[bucket] ?? Infinity)) bucket += 1
    add(start + statusLabels.length + bucket, 1)
    add(start + secondsAt, seconds)
    add(start + secondsAt + 1, seen.bytesIn)
    add(start + secondsAt + 2, seen.bytesOut)
    if (record.error !== '')
      add(errorsAt + (errorIndex.get(record.error) ?? errorLabels.length - 1), 1)
  }

  setGauges(inFlight: number, heapBytes: number, utilisation: number): void {
    this.#values.set([inFlight, heapBytes, utilisation], gaugesAt)
  }

  get gauges(): { inFlight: number; heapBytes: number; utilisation: number } {
    const [inFlight = 0, heapBytes = 0, utilisation = 0] = this.#values.subarray(gaugesAt)
    return { inFlight, heapBytes, utilisation }
  }

  /** Operations that were asked for at least once. */
  operations(): readonly OperationCounts[] {
    const counts = operationLabels.map((operation, index) => {
      const row = this.#values.subarray(index * stride, (index + 1) * stride)
      const [seconds = 0, bytesIn = 0, bytesOut = 0] = row.subarray(secondsAt)
      return {
        operation,
        statuses: [...row.subarray(0, statusLabels.length)],
        latencies: [...row.subarray(statusLabels.length, secondsAt)],
        seconds,
        bytesIn,
        bytesOut,
      }
    })
    return counts.filter(({ statuses }) => statuses.some(count => count > 0))
  }

  errors(): readonly { readonly code: string; readonly count: number }[] {
    const all = errorLabels.map((code, index) => ({
      code,
      count: this.#values[errorsAt + index] ?? 0,
    }))
    return all.filter(({ count }) => count > 0)
  }
}
