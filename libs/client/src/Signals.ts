/**
 * Signals: sends them no faster than the server takes them.
 *
 * A signal is for now, so what is above the rate is left out, not kept for later.
 */
import type { Connection } from "./Connection.ts"

export class Signals {
  readonly #connection: Connection
  #pausedUntil = 0

  constructor(connection: Connection) {
    this.#connection = connection
  }

  send(payload: object): boolean {
    if (performance.now() < this.#pausedUntil) return false
    this.#connection.tell("signal", payload)
    return true
  }

  /** The server refused one for its rate. */
  pause(millis: number): void {
    this.#pausedUntil = performance.now() + millis
  }
}
