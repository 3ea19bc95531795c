/**
 * HttpSessions: clients that read by SSE or long-polling, and what their requests ask of them.
 *
 * A session is found by its id, which is its secret. It lives while somebody reads, and so much
 * longer as a reader needs to come back.
 */
import type { Limits } from "@weir/config/Settings"
import { closeCodes } from "@weir/core/CloseCode"
import { type Failure, failure } from "@weir/core/Failure"
import { Effect, Schedule } from "effect"
import type { Connector } from "./Connector.ts"
import type { Admitted } from "./domain/NodeAdmission.ts"
import type { Events, RetainedLimits } from "./domain/RetainedEvents.ts"
import { eventsFraming, HttpSession, type Reader } from "./HttpSession.ts"
import type { Session } from "./Session.ts"
import type { Lost, Reading, SessionAccess, Sink } from "./SessionAccess.ts"

/** What a client is refused by, before there is anything that could tell it by a frame. */
export interface Ended {
  readonly code: number
  readonly reason: string
}

export type Opened =
  /** The answer to `connect`, as a line of JSON. */
  | { readonly _tag: "Connected"; readonly line: Uint8Array }
  /** As before, but it says why not. */
  | { readonly _tag: "Refused"; readonly line: Uint8Array; readonly failure: Failure }
  | { readonly _tag: "Ended"; readonly ended: Ended }

const defaultUnreadMs = 45_000

/** How long a poll waits for something to say, at most: proxies give up after a minute. */
const maxParkMs = 25_000

/** How long words of farewell may take to leave. */
const farewell = "1 second"

interface Entry {
  readonly http: HttpSession
  readonly session: Session
}

export interface HttpSessionsOptions {
  readonly connector: Connector["Service"]
  readonly limits: Limits
  readonly unreadMs?: number
}

/** A session's answer to the `connect` that opens it has this cursor. */
const answerCursor = 1

/** What the envelope of an error says. */
const failureIn = (line: Uint8Array): Failure => {
  const { code, message, retryAfterMs } = JSON.parse(Buffer.from(line).toString()).payload
  return failure(code, message, retryAfterMs)
}

export class HttpSessions implements SessionAccess {
  readonly #connector: Connector["Service"]
  readonly #outbox: RetainedLimits
  /**
   * No longer than a heartbeat: the next poll is a sign of life, and a client that hears nothing
   * for longer takes us for dead.
   */
  readonly #parkMs: number
  readonly #unreadMs: number
  readonly #entries = new Map<string, Entry>()
  /** Since when nobody reads them: those who wait longest come first. */
  readonly #unread = new Map<string, number>()

  constructor({ connector, limits, unreadMs = defaultUnreadMs }: HttpSessionsOptions) {
    this.#connector = connector
    this.#outbox = { maxFrames: limits.outboxFrames, maxBytes: limits.outboxBytes }
    this.#parkMs = Math.min(maxParkMs, limits.heartbeatMs)
    this.#unreadMs = unreadMs
  }

  /** Somebody reads one of them. */
  get hasReaders(): boolean {
    return this.#entries.size > this.#unread.size
  }

  /** Opens one with the client's `connect`. `answer` is called once. */
  open(body: Buffer, admitted: Admitted, answer: (opened: Opened) => void): void {
    const { closed, newId, open, received } = this.#connector
    const id = newId()
    const http = new HttpSession({
      limits: this.#outbox,
      onDrain: () => session.connection.drained(),
      onClose: (code) => closed(session, code),
      onUnread: () => this.#setUnread(id),
      onDone: () => this.#forget(id)
    })
    const session = open(http, eventsFraming, admitted, id)
    this.#entries.set(id, { http, session })
    const reader: Reader = {
      delivers: false,
      beat: () => {},
      end: () => {},
      take: ({ lines: [line] }) => {
        http.left(reader)
        if (http.ended !== undefined) {
          this.#forget(id)
          answer({ _tag: "Ended", ended: http.ended })
        } else if (session.phase === "connected") {
          http.acknowledge(answerCursor)
          answer({ _tag: "Connected", line: line! })
        } else {
          this.#forget(id)
          closed(session, closeCodes.disconnected.code)
          answer({ _tag: "Refused", line: line!, failure: failureIn(line!) })
        }
        return false
      }
    }
    http.read(reader, 0)
    received(session, body, false)
  }

  commands(id: string, body: Buffer, answer: (lost?: Lost) => void): void {
    const entry = this.#entries.get(id)
    if (entry === undefined) return answer("unknown")
    if (entry.http.ended !== undefined) return answer("gone")
    this.#connector.received(entry.session, body, false)
    answer()
  }

  end(id: string, answer: (lost?: Lost) => void): void {
    answer(this.#end(id) ? undefined : "unknown")
  }

  events(id: string, cursor: number | undefined, sink: Sink): Reading {
    const reader: Reader = {
      delivers: true,
      beat: sink.beat,
      end: sink.end,
      take: (events, isLast) => {
        const takesMore = sink.take(events)
        if (isLast) sink.end()
        return takesMore
      }
    }
    const lost = this.#read(id, reader, cursor)
    if (lost === undefined) sink.beat()
    else sink.lost(lost)
    return {
      resumed: () => this.#entries.get(id)?.http.resumed(reader),
      left: () => this.#entries.get(id)?.http.left(reader)
    }
  }

  poll(
    id: string,
    cursor: number | undefined,
    answer: (events: Events | Lost) => void
  ): Pick<Reading, "left"> {
    const begin = cursor ?? this.#entries.get(id)?.http.begin ?? 0
    const left = () => {
      clearTimeout(parked)
      this.#entries.get(id)?.http.left(reader)
    }
    const answerOnce = (events: Events) => {
      left()
      answer(events)
    }
    const nothing = () => answerOnce({ lines: [], cursor: begin })
    const parked = setTimeout(nothing, this.#parkMs)
    const reader: Reader = {
      delivers: false,
      beat: () => {},
      end: nothing,
      take: (events) => {
        answerOnce(events)
        return false
      }
    }
    const lost = this.#read(id, reader, begin)
    if (lost !== undefined) {
      clearTimeout(parked)
      answer(lost)
    }
    return { left }
  }

  #read(id: string, reader: Reader, cursor: number | undefined): Lost | undefined {
    const entry = this.#entries.get(id)
    if (entry === undefined) return "unknown"
    const from = cursor ?? entry.http.begin
    // It may be a request of before that took a longer way: the session goes on.
    if (!entry.http.keeps(from)) return "gone"
    this.#unread.delete(id)
    entry.session.lastReceivedAt = Date.now()
    entry.http.read(reader, from)
    return undefined
  }

  #end(id: string): boolean {
    const entry = this.#entries.get(id)
    if (entry === undefined) return false
    this.#forget(id)
    // Of one that was closed the connector knows.
    const isClosed = entry.http.ended !== undefined
    entry.http.end()
    if (!isClosed) this.#connector.closed(entry.session, closeCodes.disconnected.code)
    return true
  }

  /** Ends those that nobody has read for too long. */
  sweep(nowMillis: number): void {
    for (const [id, since] of this.#unread) {
      if (nowMillis - since < this.#unreadMs) return
      this.#end(id)
    }
  }

  /** Says goodbye to all of them. */
  closeAll(): void {
    for (const { session } of this.#entries.values()) session.connection.close("shutdown")
  }

  #setUnread(id: string): void {
    this.#unread.delete(id)
    if (this.#entries.has(id)) this.#unread.set(id, Date.now())
  }

  #forget(id: string): void {
    this.#entries.delete(id)
    this.#unread.delete(id)
  }
}

/** The sessions of this connector, until the scope closes. */
export const make = Effect.fnUntraced(function* (options: HttpSessionsOptions) {
  const sessions = new HttpSessions(options)
  yield* Effect.forkScoped(
    Effect.repeat(
      Effect.sync(() => sessions.sweep(Date.now())),
      Schedule.spaced("1 second")
    )
  )
  yield* Effect.addFinalizer(() =>
    Effect.gen(function* () {
      sessions.closeAll()
      yield* Effect.sleep("20 millis").pipe(
        Effect.repeat({ while: () => sessions.hasReaders }),
        Effect.timeoutOption(farewell)
      )
    })
  )
  return sessions
})
