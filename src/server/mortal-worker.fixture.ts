/**
 * A worker for the test of workers' deaths: says what a worker says, and dies when it is given a certificate: of `fail` as one whose
 * disk failed, else of an error.
 */
import { parentPort, threadId, workerData } from 'node:worker_threads'
import type { FromWorker, ToWorker } from './worker.ts'

const tell = (message: FromWorker) => parentPort?.postMessage(message)

tell({ say: 'connected', connection: threadId })
if ((workerData as { started: number }).started < 0) throw new Error('born to die')
parentPort?.on('message', (message: ToWorker) => {
  if (message.say === 'close') parentPort?.close()
  else if (message.tls.cert === 'fail') {
    tell({ say: 'failed', why: 'the disk did not keep it' })
    process.exit(1)
  } else throw new Error('killed')
})
tell({ say: 'lines', stream: 'access', text: `${threadId}\n` })
tell({ say: 'listening' })
