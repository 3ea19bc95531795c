/**
 * EventStream: a response of server-sent events (WHATWG HTML §9.2), which ends when either side
 * does.
 */
import type { ServerResponse } from "node:http"

const headers = {
  "content-type": "text/event-stream",
  // Neither kept, nor compressed, nor collected on the way: nginx and others ask for it by name.
  "cache-control": "no-store, no-transform",
  "x-accel-buffering": "no"
}

/** Some proxies pass nothing on before they have this much. */
const padding = `:${" ".repeat(2_048)}\n\n`

const idBegin = Buffer.from("id: ")
const dataBegin = Buffer.from("\ndata: ")
const eventEnd = Buffer.from("\n\n")

export interface EventStream {
  /** One event for each line, with numbers that end at `cursor`. False: it is full, until `onDrain`. */
  readonly write: (lines: ReadonlyArray<Uint8Array>, cursor: number) => boolean
  /** A comment, which clients do not see. */
  readonly comment: () => void
  readonly end: () => void
}

export const open = (response: ServerResponse, onDrain: () => void): EventStream => {
  response.socket?.setNoDelay(true)
  response.writeHead(200, headers)
  response.write(padding)
  response.on("drain", onDrain)
  // The close that follows says as much.
  response.on("error", () => {})
  return {
    write: (lines, cursor) =>
      response.write(
        Buffer.concat(
          lines.flatMap((line, index) => [
            idBegin,
            Buffer.from(String(cursor - lines.length + 1 + index)),
            dataBegin,
            line,
            eventEnd
          ])
        )
      ),
    comment: () => {
      if (!response.writableEnded) response.write(":\n\n")
    },
    end: () => void response.end()
  }
}
