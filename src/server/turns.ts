/**
 * One request at a time on a connection. node parses all that one read brought and announces every request in it; those
 * behind the first wait here, and nothing more is read until they are through.
 */
import { type Connection, type Exchange, queued, refused, underWay } from './exchange.ts'

/** Stops to read from a connection, also where node believes that it did so already. */
function hold(connection: Connection): void {
  if (connection.isPaused()) connection.emit('pause')
  else connection.pause()
}

function queueOf(connection: Connection): Exchange[] {
  const there = connection[queued]
  if (there !== undefined) return there
  const queue: Exchange[] = []
  connection[queued] = queue
  // node resumes a connection with the end of each request.
  connection.on('resume', () => {
    if (queue.length > 0) hold(connection)
  })
  return queue
}

/**
 * Takes the turn of an exchange that just arrived. False when it has to wait for an earlier one of its connection:
 * `serve` is called when it is its turn, never when the connection closes before.
 */
export function takeTurn(exchange: Exchange, serve: (exchange: Exchange) => void): boolean {
  const { connection } = exchange
  const before = connection[underWay]
  const queue = connection[queued]
  if ((before === undefined || before.over) && (queue === undefined || queue.length === 0)) {
    connection[underWay] = exchange
    return true
  }
  const waiting = queueOf(connection)
  waiting.push(exchange)
  if (waiting.length === 1) {
    hold(connection)
    if (before !== undefined) followWith(before, serve)
  }
  return false
}

/** Serves the next of the queue once the client has taken the answer before. */
function followWith(before: Exchange, serve: (exchange: Exchange) => void): void {
  const { connection } = before
  before.response.once('close', () => {
    // A connection with pipelined requests is to leave the others their turns.
    setImmediate(() => {
      const queue = connection[queued] ?? []
      if (connection.destroyed || !connection.writable) queue.length = 0
      const next = queue.shift()
      if (next === undefined) return
      connection[underWay] = next
      if (queue.length > 0) followWith(next, serve)
      else connection.resume()
      serve(next)
    })
  })
}

/** What follows the requests of a connection that are here is no HTTP: they are answered, then it is closed. */
export function lastOf(connection: Connection, current: Exchange): void {
  connection[refused] = true
  if (current.handedOver && (connection[queued] ?? []).length === 0)
    current.response.once('close', () => connection.destroySoon())
}

/** Whether the connection is to be closed with the answer to the exchange under way. */
export const isLast = (connection: Connection): boolean =>
  connection[refused] === true && (connection[queued] ?? []).length === 0
