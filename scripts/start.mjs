// `npm start`: the command line from its sources. Plain JavaScript, so that an old Node can say that it is too old, and
// so that the cache of compiled code is there before the first TypeScript file: else Node loads its compiler for it.
const major = Number(process.version.slice(1).split('.')[0])
if (major >= 26) {
  const { enableCompileCache } = await import('node:module')
  const { homedir } = await import('node:os')
  enableCompileCache(`${homedir()}/.cache/moongate/compiled`)
  endWithNpm()
  await import('../src/cli/main.ts')
} else {
  process.stderr.write(`Moongate needs Node 26 or newer; this is ${process.version}.\n`)
  process.exitCode = 1
}

/** npm passes a signal on to its shell alone, which dies and leaves the server behind: so that is taken for the signal. */
function endWithNpm() {
  const parent = process.ppid
  const watch = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(watch)
    process.kill(process.pid, 'SIGTERM')
  }, 250)
  watch.unref()
}
