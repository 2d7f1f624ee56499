// Loaded before the server by `node --import`: keeps hold of its threads, and ends one each time SIGUSR2 comes.

import { syncBuiltinESMExports } from 'node:module'
import workers, { Worker, type WorkerOptions } from 'node:worker_threads'

const running = new Set<Worker>()

class MortalWorker extends Worker {
  constructor(file: string | URL, options?: WorkerOptions) {
    super(file, options)
    // The thread of checkpoints has no index; it has a test of its own.
    if (options?.workerData?.index === undefined) return
    running.add(this)
    this.once('exit', () => running.delete(this))
  }
}
Object.assign(workers, { Worker: MortalWorker })
syncBuiltinESMExports()

process.on('SIGUSR2', () => {
  const [worker] = running
  void worker?.terminate()
})
