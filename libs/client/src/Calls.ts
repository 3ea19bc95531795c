/**
 * Calls: what is sent at most once: questions to a backend behind the server (`rpc`), and pings.
 *
 * What a call does there nobody here can know, so it is not sent again: cut off from its answer
 * it fails, and the program decides. While there is no connection it waits for one.
 */
import { type Connection, failureOf } from "./Connection.ts"
import { decodeData, encodeData } from "./Data.ts"
import type { ServerEnvelope, ServerType } from "./Envelope.ts"
import { WeirError } from "./Failure.ts"

export interface RpcOptions {
  /** As for a publication. */
  readonly contentType?: string | undefined
  /** How long to wait for the answer, the wait for a connection included; 15 s when absent. */
  readonly timeoutMs?: number | undefined
  /** Gives it up; if it was sent, the backend may do it all the same. */
  readonly signal?: AbortSignal | undefined
}

interface Call {
  readonly type: "rpc" | "ping"
  readonly payload: object
  isSent: boolean
  readonly answer: (envelope: ServerEnvelope) => void
  readonly fail: (error: unknown) => void
}

const TIMEOUT_MS = 15_000
const MAX_OPEN = 256

export class Calls {
  readonly #open = new Set<Call>()
  #connection: Connection | undefined

  async rpc(
    method: string,
    data: unknown,
    { contentType, ...options }: RpcOptions
  ): Promise<unknown> {
    const payload = { method, ...encodeData(data, contentType) }
    return decodeData(await this.#ask("rpc", payload, "rpcResult", options)).data
  }

  /** Milliseconds to the server and back. */
  async ping(): Promise<number> {
    if (this.#connection === undefined) throw new WeirError("unavailable", "not connected")
    const sentAt = performance.now()
    await this.#ask("ping", {}, "pong", {})
    return performance.now() - sentAt
  }

  #ask(
    type: Call["type"],
    payload: object,
    expected: ServerType,
    { signal, timeoutMs = TIMEOUT_MS }: RpcOptions
  ): Promise<object> {
    return new Promise((resolve, reject) => {
      if (this.#open.size >= MAX_OPEN) {
        throw new WeirError("too_many_requests", `${MAX_OPEN} calls are unanswered`)
      }
      signal?.throwIfAborted()
      const settle = () => {
        clearTimeout(timer)
        signal?.removeEventListener("abort", abort)
        this.#open.delete(call)
      }
      const call: Call = {
        type,
        payload,
        isSent: false,
        answer: (envelope) => {
          settle()
          if (envelope.type === expected) resolve(envelope.payload)
          else reject(failureOf(envelope))
        },
        fail: (error) => {
          settle()
          reject(error)
        }
      }
      const abort = () => call.fail(signal?.reason)
      const timer = setTimeout(() => {
        const state = call.isSent ? "answered" : "sent"
        call.fail(new WeirError("timeout", `${type} was not ${state} in ${timeoutMs} ms`))
      }, timeoutMs)
      signal?.addEventListener("abort", abort)
      this.#open.add(call)
      this.#send(call)
    })
  }

  connected(connection: Connection): void {
    this.#connection = connection
    for (const call of this.#open) this.#send(call)
  }

  disconnected(): void {
    this.#connection = undefined
    const error = new WeirError("timeout", "the connection was lost: it may have been done or not")
    for (const call of [...this.#open]) if (call.isSent) call.fail(error)
  }

  fail(error: WeirError): void {
    for (const { fail } of [...this.#open]) fail(error)
  }

  #send(call: Call): void {
    try {
      const sent = this.#connection?.request(call.type, call.payload, call.answer)
      call.isSent = sent === true
      if (sent === false) {
        const message = "the connection has too many unanswered requests"
        call.fail(new WeirError("too_many_requests", message))
      }
    } catch (error) {
      // JSON.stringify throws on circles and on BigInt.
      call.fail(error)
    }
  }
}
