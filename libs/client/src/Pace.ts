/**
 * Pace: sends commands no faster than the server takes them.
 *
 * A server refuses what comes above its rate. Were each refused command to return
 * by itself, a crowd of them would spend the rate on refusals. So all commands of
 * a connection share one window of unanswered ones, as TCP does: it grows with
 * each answer and halves with each refusal, and after one nothing is sent until
 * the wait that the server asks for is over.
 */
import type { Payload } from "./Codec.ts"
import type { Answer, Connection } from "./Connection.ts"
import type { ClientType, ServerEnvelope } from "./Envelope.ts"

// Enough for 640 commands a second at a round trip of 100 ms.
const MAX_WINDOW = 64

export class Pace {
  readonly #connection: Connection
  readonly #onRoom: () => void
  #window = MAX_WINDOW
  #unanswered = 0
  #pause: ReturnType<typeof setTimeout> | undefined

  constructor(connection: Connection, onRoom: () => void) {
    this.#connection = connection
    this.#onRoom = onRoom
  }

  get hasRoom(): boolean {
    return this.#pause === undefined && this.#unanswered < Math.floor(this.#window)
  }

  /** False if there is no room now; `onRoom` follows each time that there is again. */
  request(type: ClientType, payload: object | Payload, answer: Answer): boolean {
    const sent =
      this.hasRoom &&
      this.#connection.request(type, payload, (envelope) => {
        this.#unanswered--
        this.#learn(envelope)
        answer(envelope)
        if (this.hasRoom) this.#onRoom()
      })
    if (sent) this.#unanswered++
    return sent
  }

  /** The connection is gone. */
  stop(): void {
    clearTimeout(this.#pause)
  }

  #learn({ type, payload }: ServerEnvelope): void {
    if (type !== "error" || payload.code !== "too_many_requests" || !payload.retryAfterMs) {
      this.#window = Math.min(MAX_WINDOW, this.#window + 1 / this.#window)
      return
    }
    this.#window = Math.max(1, this.#window / 2)
    this.#pause ??= setTimeout(() => {
      this.#pause = undefined
      this.#onRoom()
    }, payload.retryAfterMs)
  }
}
