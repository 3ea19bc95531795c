/**
 * AnswerLimit: gives up on what Redis does not answer in time.
 *
 * ioredis would set a timer for each command, and take it back with `delete`, which makes a
 * slow object of the command. Answers come in the order of the commands: one look at those in
 * front, now and then while something is unanswered, serves all.
 */
import type { Redis as Connection } from "ioredis"
import { Request } from "./Request.ts"

/** So much later than its time a command is given up, at most. */
const lookMs = 20

const watched = new WeakSet<Connection>()

const look = (connection: Connection): void => {
  const { commandQueue } = connection
  const now = performance.now()
  for (let index = 0; index < commandQueue.length; index++) {
    const { command } = commandQueue.peekAt(index)!
    if (!(command instanceof Request)) continue
    if (command.deadline > now) break
    command.expire()
  }
  if (commandQueue.length === 0) watched.delete(connection)
  else setTimeout(look, lookMs, connection)
}

/** To be called whenever something was sent. */
export const limitAnswers = (connection: Connection): void => {
  if (watched.has(connection)) return
  watched.add(connection)
  setTimeout(look, lookMs, connection)
}
