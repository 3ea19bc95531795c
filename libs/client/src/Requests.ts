/**
 * Requests: questions that may be asked twice (history, presence).
 *
 * Asked while there is no connection, a question waits for the next one; cut off
 * from its answer, it is asked again there. Each has a deadline, so none waits
 * for ever, and their number is bounded.
 */
import { type Answer, type Connection, failureOf } from "./Connection.ts"
import type { ClientType, ServerEnvelope, ServerPayload, ServerType } from "./Envelope.ts"
import { WeirError } from "./Failure.ts"

interface Question {
  readonly type: ClientType
  readonly payload: object
  readonly answer: Answer
  readonly fail: (error: WeirError) => void
}

const MAX_OPEN = 256
const DEADLINE_MS = 15_000

export class Requests {
  readonly #open = new Set<Question>()
  #connection: Connection | undefined

  ask<Type extends ServerType & ClientType>(
    type: Type,
    payload: object
  ): Promise<ServerPayload<Type>> {
    return new Promise((resolve, reject) => {
      if (this.#open.size >= MAX_OPEN) {
        reject(new WeirError("too_many_requests", `${MAX_OPEN} requests are unanswered`))
        return
      }
      const settle = () => {
        clearTimeout(timer)
        this.#open.delete(question)
      }
      const question: Question = {
        type,
        payload,
        answer: (envelope: ServerEnvelope) => {
          settle()
          if (envelope.type === type) resolve(envelope.payload as ServerPayload<Type>)
          else reject(failureOf(envelope))
        },
        fail: (error) => {
          settle()
          reject(error)
        }
      }
      const timer = setTimeout(() => {
        question.fail(new WeirError("timeout", `${type} had no answer in ${DEADLINE_MS} ms`))
      }, DEADLINE_MS)
      this.#open.add(question)
      this.#send(question)
    })
  }

  connected(connection: Connection): void {
    this.#connection = connection
    for (const question of this.#open) this.#send(question)
  }

  disconnected(): void {
    this.#connection = undefined
  }

  fail(error: WeirError): void {
    for (const { fail } of [...this.#open]) fail(error)
  }

  #send({ type, payload, answer, fail }: Question): void {
    const sent = this.#connection?.request(type, payload, answer)
    if (sent === false) {
      fail(new WeirError("too_many_requests", "the connection has too many unanswered requests"))
    }
  }
}
