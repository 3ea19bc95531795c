/**
 * Line: what is asked of one server in one turn of the event loop leaves as one write.
 *
 * A write is a system call: by itself it costs more than everything else that
 * is done for a command.
 */
import type { Redis as Connection } from "ioredis"
import { limitAnswers } from "./AnswerLimit.ts"
import { join, Request } from "./Request.ts"

/** False: it would be queued, or refused by ioredis. */
export const isOpen = ({ status, stream }: Connection): boolean =>
  status === "ready" && stream.writable

/** Writes all, or refuses all as not sent. */
export const writeAll = (connection: Connection, requests: ReadonlyArray<Request>): void => {
  if (!isOpen(connection)) {
    for (const request of requests) request.reject(new Error("the connection is lost"))
    return
  }
  const parts: Array<string | Buffer> = []
  const collector = {
    isPipeline: true as const,
    destination: { redis: connection },
    write: (part: string | Buffer) => parts.push(part)
  }
  for (const request of requests) connection.sendCommand(request, collector)
  connection.stream.write(join(parts))
  limitAnswers(connection)
}

export class Line {
  readonly connection: Connection
  #unsent: Array<Request> = []
  /** Digests of the scripts whose text went out on this connection. */
  readonly #scripts = new Set<string>()

  constructor(connection: Connection) {
    this.connection = connection
    connection.on("close", () => this.#scripts.clear())
  }

  send(requests: ReadonlyArray<Request>): void {
    if (this.#unsent.length === 0) setImmediate(() => this.flush())
    this.#unsent.push(...requests)
  }

  /** Now, and not only at the turn's end. */
  flush(): void {
    if (this.#unsent.length === 0) return
    const batch = this.#unsent
    this.#unsent = []
    writeAll(this.connection, batch)
  }

  /**
   * True once for each script and connection. Its text goes out with its first
   * use: everybody behind it, who sends the digest only, then finds it there,
   * and nobody overtakes by not having to ask twice.
   */
  needsText(sha1: string): boolean {
    if (this.#scripts.has(sha1)) return false
    this.#scripts.add(sha1)
    return true
  }

  /** Redis has said that it does not know it. */
  forget(sha1: string): void {
    this.#scripts.delete(sha1)
  }
}

const lines = new WeakMap<Connection, Line>()

export const lineOf = (connection: Connection): Line => {
  let line = lines.get(connection)
  if (line === undefined) {
    line = new Line(connection)
    lines.set(connection, line)
  }
  return line
}

/** One command, which is safe to send at any time. */
export const ask = (connection: Connection, name: string, args: ReadonlyArray<string>) => {
  const request = new Request(name, args)
  lineOf(connection).send([request])
  return request.promise
}
