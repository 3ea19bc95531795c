/**
 * HttpSession: the transport of a client that has no connection of its own: it reads by SSE or by
 * long-polling, one reader at a time, and what it says comes by requests.
 *
 * Between two readers, what is written waits here. A newer reader ends the older one.
 */
import { type CloseCode, closeCodes, closeNameOf } from "@weir/core/CloseCode"
import type { Transport } from "@weir/socket/WebSocketServer"
import { type Events, RetainedEvents, type RetainedLimits } from "./domain/RetainedEvents.ts"
import { framePayload, framingOf } from "./Framing.ts"

/** How what is said to it has to be framed. */
export const eventsFraming = framingOf("json", false, "events")

/** Who reads now. */
export interface Reader {
  /**
   * `isLast`: nothing will follow these. True: it takes more now; false: `resumed` will say when.
   * A poll takes once.
   */
  readonly take: (events: Events, isLast: boolean) => boolean
  /** What is handed over counts as delivered, or only once it is acknowledged. */
  readonly delivers: boolean
  /** Says that this end lives. */
  readonly beat: () => void
  /** A newer reader came, or the session is over: nothing will follow. */
  readonly end: () => void
}

export interface HttpSessionOptions {
  readonly limits: RetainedLimits
  /** There is room again after `write` said that there is none. */
  readonly onDrain: () => void
  /** It has been closed, by our side. */
  readonly onClose: (code: number) => void
  /** Nobody reads, from now on. */
  readonly onUnread: () => void
  /** The goodbye has been read. */
  readonly onDone: () => void
}

/** At most this much for a reader at once. */
const maxLines = 64
const maxBytes = 256 * 1024

const newline = 0x0a

const spreadOf = (code: number) => {
  const name = closeNameOf(code)
  const close: CloseCode | undefined = name && closeCodes[name]
  return close?.after ?? { min: 0, max: 0 }
}

export class HttpSession implements Transport {
  readonly #options: HttpSessionOptions
  readonly #events: RetainedEvents
  #reader: Reader | undefined
  /** The reader has this, and what follows. */
  #at = 0
  #isTaking = false
  #isFull = false
  /** What a poll was answered: the same question gets the same answer. */
  #answered: { readonly from: number; readonly to: number } | undefined
  ended: { readonly code: number; readonly reason: string } | undefined

  constructor(options: HttpSessionOptions) {
    this.#options = options
    this.#events = new RetainedEvents(options.limits)
  }

  write(chunk: Uint8Array): boolean {
    for (let at = 0; at < chunk.byteLength; ) {
      const end = chunk.indexOf(newline, at)
      this.#events.append(chunk.subarray(at, end))
      at = end + 1
    }
    this.#offer()
    this.#isFull = this.#events.isFull
    return !this.#isFull
  }

  /** Says goodbye by a `goaway`: a stream of events has no close codes. */
  close(code: number, reason: string): void {
    if (this.ended !== undefined) return
    this.ended = { code, reason }
    const value = { code, closeInMs: 0, afterMs: spreadOf(code) }
    this.write(framePayload(eventsFraming, 0, Date.now(), { $case: "goaway", value }))
    // Whoever closes has not finished with the connection: it is told in a turn of its own.
    queueMicrotask(() => this.#options.onClose(code))
  }

  beat(): void {
    this.#reader?.beat()
  }

  /** What comes next for whoever has read nothing yet. */
  get begin(): number {
    return this.#events.delivered
  }

  /** What follows the cursor is still there. */
  keeps(cursor: number): boolean {
    return this.#events.after(cursor, 1, 0) !== undefined
  }

  /** Only from a cursor that it keeps. */
  read(reader: Reader, cursor: number): void {
    this.#endReader()
    if (!reader.delivers) this.acknowledge(cursor)
    this.#reader = reader
    this.#at = cursor
    this.#isTaking = true
    this.#offer()
  }

  /** The reader takes more. */
  resumed(reader: Reader): void {
    if (this.#reader !== reader) return
    this.#isTaking = true
    this.#offer()
  }

  /** Nobody will read what is left. */
  end(): void {
    this.ended ??= { code: 0, reason: "" }
    this.#endReader()
  }

  /** It is ours no more, so that its leaving means nothing. */
  #endReader(): void {
    const reader = this.#reader
    this.#reader = undefined
    reader?.end()
  }

  /** The reader is gone. */
  left(reader: Reader): void {
    if (this.#reader !== reader) return
    this.#reader = undefined
    this.#isTaking = false
    this.#options.onUnread()
  }

  /** The client has everything up to there. */
  acknowledge(cursor: number): void {
    this.#events.acknowledge(cursor)
    this.#drain()
  }

  #drain(): void {
    if (!this.#isFull || this.#events.isFull) return
    this.#isFull = false
    this.#options.onDrain()
  }

  #next(delivers: boolean): Events {
    const from = this.#at
    const again = !delivers && this.#answered?.from === from ? this.#answered.to : undefined
    const lines = again === undefined ? maxLines : again - from
    const events = this.#events.after(from, lines, again === undefined ? maxBytes : Infinity)!
    if (!delivers) this.#answered = { from, to: events.cursor }
    return events
  }

  #offer(): void {
    while (this.#reader !== undefined && this.#isTaking && this.#at < this.#events.last) {
      const reader = this.#reader
      const events = this.#next(reader.delivers)
      this.#at = events.cursor
      const isLast = this.ended !== undefined && events.cursor === this.#events.last
      this.#isTaking = reader.take(events, isLast)
      if (reader.delivers) {
        this.#events.deliver(events.cursor)
        this.#drain()
      }
      if (isLast) this.#options.onDone()
    }
  }
}
