/**
 * TokenChecks: tokens on their way to auth, and who waits for a verdict.
 *
 * What comes while nothing of the last message has been answered leaves together, as the
 * next one: so messages grow with the load, and most of what one costs does not. With 64
 * handshakes at once there are 20 tokens in a message; with what one turn of the event loop
 * brings, there were 4. No fiber and no timer belongs to a token: those took 10 % of a
 * handshake.
 */
import { type Failure, failure } from "@weir/core/Failure"
import type { Identity } from "@weir/core/Identity"
import { Exit } from "effect"
import type { Cancel, Send } from "./Correlated.ts"

export type Verdict = Exit.Exit<Identity, Failure>

interface Check {
  readonly token: string
  readonly answer: (verdict: Verdict) => void
  readonly deadline: number
  /** Which message it left with. */
  message: number
  cancel: Cancel | undefined
}

const timeoutMs = 5_000

/** The longest that a token waits behind others: one of those may take auth a while. */
const holdMs = 10

const tooLate = Exit.fail(failure("timeout", "no answer from auth"))
const ended = Exit.fail(failure("unavailable", "the server is stopping"))

/** How many may be unanswered is the sender's to say: it refuses what is beyond. */
export class TokenChecks {
  /** How to reach auth now, or why that cannot be done. */
  readonly #sender: () => Send<string, Verdict> | Failure
  /** All that have no verdict, in the order asked. */
  readonly #open = new Set<Check>()
  /** Of those, the ones that have not left. */
  #waiting: Array<Check> = []
  /** The last message. */
  #message = 0
  /** Nothing of it has been answered. */
  #isAwaited = false
  #timer: NodeJS.Timeout | undefined

  constructor(sender: () => Send<string, Verdict> | Failure) {
    this.#sender = sender
  }

  /** `answer` is called once, and maybe at once; not after the cancellation that comes back. */
  ask(token: string, nowMs: number, answer: (verdict: Verdict) => void): () => void {
    const check: Check = {
      ...{ token, answer, message: 0, cancel: undefined },
      deadline: nowMs + timeoutMs
    }
    this.#open.add(check)
    this.#waiting.push(check)
    if (!this.#isAwaited) this.#send()
    else this.#timer ??= setTimeout(() => this.#send(), holdMs)
    return () => this.#forget(check)
  }

  #send(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const waiting = this.#waiting
    this.#waiting = []
    const send = this.#sender()
    const message = ++this.#message
    this.#isAwaited = true
    for (const check of waiting) {
      if (!this.#open.has(check)) continue
      check.message = message
      if (typeof send === "function") {
        check.cancel = send(check.token, (verdict) => this.#answered(check, verdict))
      } else {
        this.#answered(check, Exit.fail(send))
      }
    }
  }

  #answered(check: Check, verdict: Verdict): void {
    if (check.message === this.#message) this.#isAwaited = false
    if (this.#open.delete(check)) check.answer(verdict)
    if (!this.#isAwaited && this.#waiting.length > 0) this.#send()
  }

  #forget(check: Check): void {
    this.#open.delete(check)
    check.cancel?.()
  }

  /** Answers those that have waited too long. */
  expire(nowMs: number): void {
    for (const check of this.#open) {
      if (check.deadline > nowMs) return
      this.#forget(check)
      check.answer(tooLate)
    }
  }

  /** Answers all that are open. */
  end(): void {
    clearTimeout(this.#timer)
    for (const check of this.#open) {
      this.#forget(check)
      check.answer(ended)
    }
  }
}
