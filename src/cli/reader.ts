/** What becomes of a command whose output nobody reads any more. */

/** What a shell says of a program that SIGPIPE ended. Node ignores that signal, and nothing more can be said. */
const ended = 141

function end(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error
  process.exit(ended)
}

/**
 * Ends the process without a word when the reader of a pipe is gone, as `head -1` is after its line. Answers how to stop
 * doing so.
 */
export function endWithReader(): () => void {
  const streams = [process.stdout, process.stderr]
  for (const stream of streams) stream.on('error', end)
  return () => {
    for (const stream of streams) stream.off('error', end)
  }
}
