/** What is said when somebody ends a command before it is done. */

const signals = ['SIGINT', 'SIGTERM'] as const

/**
 * Runs the work. A signal that ends the process is let do so, once `say` has run. For work that a sudden end cannot harm.
 */
export async function sayIfInterrupted<T>(say: () => void, work: Promise<T>): Promise<T> {
  const ending = (signal: NodeJS.Signals) => {
    stop()
    say()
    process.kill(process.pid, signal)
  }
  const stop = () => {
    for (const signal of signals) process.off(signal, ending)
  }
  for (const signal of signals) process.on(signal, ending)
  try {
    return await work
  } finally {
    stop()
  }
}
