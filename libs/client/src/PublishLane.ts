/**
 * PublishLane: the undecided publications of one channel, in the order of the calls.
 *
 * Several are on their way at once. When one is refused for now, the lane stops,
 * lets the answers behind it come in, and sends again from the first undecided,
 * with the same message ids: so a repeat is a duplicate, and order is kept. Where
 * order can no longer be kept, the publication is rejected rather than moved.
 */
import { type Backoff, backoffMs } from "./Backoff.ts"
import type { Payload } from "./Codec.ts"
import { type Answer, failureOf } from "./Connection.ts"
import type { Position, ServerEnvelope, ServerPayload } from "./Envelope.ts"
import { WeirError } from "./Failure.ts"

export interface Published {
  readonly position: Position
  /** The message id was accepted before; `position` is from then. */
  readonly duplicate: boolean
}

export interface LaneOptions {
  readonly backoff: Backoff
  readonly random: () => number
  /** Sends one publish; false while there is no connection, or none with room. */
  readonly send: (payload: Payload, answer: Answer) => boolean
  /** Something has changed: whoever is next may send. */
  readonly onTurn: () => void
  readonly onEmpty: () => void
}

interface Entry {
  readonly payload: Payload
  readonly resolve: (published: Published) => void
  readonly reject: (error: WeirError) => void
  readonly deadline: ReturnType<typeof setTimeout>
  /** Sent, and the answer is still to come. */
  inFlight: boolean
  /** A later publication was accepted before this one was. */
  overtaken: boolean
  decided: boolean
  failure: WeirError | undefined
}

const MAX_UNDECIDED = 256
// After a refusal the server may be at its limit, where it can refuse one and accept
// the next, which would cost the first its place. For a while they go one by one.
const CAREFUL_MS = 10_000

export class PublishLane {
  readonly #channel: string
  readonly #options: LaneOptions
  readonly #entries: Array<Entry> = []
  #inFlight = 0
  #refusals = 0
  #carefulUntil = 0
  /** Stopped at a refusal: until its timer has run out and no answer is to come. */
  #pause: { timer: ReturnType<typeof setTimeout>; over: boolean } | undefined

  constructor(channel: string, options: LaneOptions) {
    this.#channel = channel
    this.#options = options
  }

  /** `payload` was encoded once: a repeat is the same even if the program's object changed. */
  publish(payload: Payload, timeoutMs: number): Promise<Published> {
    if (this.#entries.length >= MAX_UNDECIDED) {
      const message = `${MAX_UNDECIDED} publications on ${this.#channel} are undecided`
      return Promise.reject(new WeirError("too_many_requests", message))
    }
    return new Promise((resolve, reject) => {
      const entry: Entry = {
        payload,
        resolve,
        reject,
        deadline: setTimeout(() => this.#giveUp(entry, timeoutMs), timeoutMs),
        inFlight: false,
        overtaken: false,
        decided: false,
        failure: undefined
      }
      this.#entries.push(entry)
      // Not past another channel that waits for room.
      this.#options.onTurn()
    })
  }

  /** Sends what may be sent now; true if that was anything. */
  resume(): boolean {
    if (this.#pause !== undefined) {
      if (!this.#pause.over || this.#inFlight > 0) return false
      this.#pause = undefined
    }
    const limit = performance.now() < this.#carefulUntil ? 1 : MAX_UNDECIDED
    const before = this.#inFlight
    for (const entry of this.#entries) {
      if (this.#inFlight >= limit) break
      if (entry.inFlight) continue
      if (!this.#options.send(entry.payload, (answer) => this.#answered(entry, answer))) break
      entry.inFlight = true
      this.#inFlight++
    }
    return this.#inFlight > before
  }

  /** The largest of those on their way, with its size in bytes. */
  get largest(): { readonly bytes: number; readonly reject: (error: WeirError) => void } {
    let largest = { bytes: 0, reject: (_: WeirError) => {} }
    for (const entry of this.#entries.filter(({ inFlight }) => inFlight)) {
      const { payload } = entry
      const bytes = (typeof payload === "string" ? new TextEncoder().encode(payload) : payload)
        .length
      if (bytes <= largest.bytes) continue
      largest = { bytes, reject: (error) => this.#reject(entry, error) }
    }
    return largest
  }

  /** The connection is gone, and with it the answers: everything is sent again on the next. */
  disconnected(): void {
    this.#endPause()
    for (const entry of this.#entries) entry.inFlight = false
    this.#inFlight = 0
  }

  fail(error: WeirError): void {
    this.#endPause()
    for (const entry of [...this.#entries]) this.#reject(entry, error)
  }

  #answered(entry: Entry, answer: ServerEnvelope): void {
    if (entry.decided) return
    entry.inFlight = false
    this.#inFlight--
    if (answer.type === "published") this.#accepted(entry, answer.payload)
    else this.#refused(entry, failureOf(answer))
    this.#options.onTurn()
  }

  #accepted(entry: Entry, { position, duplicate = false }: ServerPayload<"published">): void {
    this.#refusals = 0
    // A duplicate was accepted on an earlier connection, behind those before it.
    const earlier = duplicate ? [] : this.#entries.slice(0, this.#entries.indexOf(entry))
    for (const other of earlier) {
      if (other.inFlight) other.overtaken = true
      else this.#reject(other, overtaken(this.#channel))
    }
    this.#remove(entry)
    entry.resolve({ position, duplicate })
  }

  #refused(entry: Entry, failure: WeirError): void {
    entry.failure = failure
    if (!failure.retryable) this.#reject(entry, failure)
    else if (entry.overtaken) this.#reject(entry, overtaken(this.#channel))
    else this.#stopFor(failure)
  }

  #stopFor({ code, retryAfterMs }: WeirError): void {
    if (code === "too_many_requests") this.#carefulUntil = performance.now() + CAREFUL_MS
    // Those behind a refused one are refused as well; the first tells how long to wait.
    if (this.#pause !== undefined) return
    const { backoff, random } = this.#options
    const waitMs = retryAfterMs > 0 ? retryAfterMs : backoffMs(this.#refusals++, backoff, random())
    const pause = {
      over: false,
      timer: setTimeout(() => {
        pause.over = true
        this.#options.onTurn()
      }, waitMs)
    }
    this.#pause = pause
  }

  // What stands behind one that was given up would be out of order, or, if it is on
  // its way, of unknown fate.
  #giveUp(entry: Entry, timeoutMs: number): void {
    const late = new WeirError("timeout", `no answer to a publish in ${timeoutMs} ms`)
    const behind = this.#entries.slice(this.#entries.indexOf(entry) + 1)
    this.#reject(entry, entry.failure ?? late)
    for (const later of behind) {
      const message = `an earlier publication on ${this.#channel} was given up`
      this.#reject(later, new WeirError("aborted", message))
    }
    this.#options.onTurn()
  }

  #reject(entry: Entry, error: WeirError): void {
    this.#remove(entry)
    entry.reject(error)
  }

  #remove(entry: Entry): void {
    clearTimeout(entry.deadline)
    entry.decided = true
    if (entry.inFlight) this.#inFlight--
    entry.inFlight = false
    this.#entries.splice(this.#entries.indexOf(entry), 1)
    if (this.#entries.length === 0) {
      this.#endPause()
      this.#options.onEmpty()
    }
  }

  #endPause(): void {
    clearTimeout(this.#pause?.timer)
    this.#pause = undefined
  }
}

const overtaken = (channel: string): WeirError =>
  new WeirError("aborted", `a later publication on ${channel} was accepted first`)
