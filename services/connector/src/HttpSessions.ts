/**
 * HttpSessions: clients that read by SSE or long-polling, and what their requests ask of them.
 *
 * A session is found by its id, which is its secret. It lives while somebody reads, and so much
 * longer as a reader needs to come back.
 */
import { closeCodes } from "@weir/core/CloseCode"
import { type Failure, failure } from "@weir/core/Failure"
import type { Connector } from "./Connector.ts"
import type { Events } from "./domain/RetainedEvents.ts"
import { framingOf } from "./Framing.ts"
import { HttpSession, type Reader } from "./HttpSession.ts"
import type { Session } from "./Session.ts"

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

/** There is no such session, or the cursor is none of its own, or too old. */
export type Lost = "unknown" | "gone"

export const defaultUnreadMs = 45_000

interface Entry {
  readonly http: HttpSession
  readonly session: Session
}

export interface HttpSessionsOptions {
  readonly connector: Connector["Service"]
  readonly outbox: { readonly maxFrames: number; readonly maxBytes: number }
  readonly unreadMs?: number
}

/** A session's answer to the `connect` that opens it has this cursor. */
const answerCursor = 1

const errorOf = (line: Uint8Array): Failure | undefined => {
  const { payload, type } = JSON.parse(Buffer.from(line).toString())
  return type === "error" ? failure(payload.code, payload.message, payload.retryAfterMs) : undefined
}

export class HttpSessions {
  readonly #connector: Connector["Service"]
  readonly #outbox: HttpSessionsOptions["outbox"]
  readonly #unreadMs: number
  readonly #entries = new Map<string, Entry>()
  /** Since when nobody reads them: those who wait longest come first. */
  readonly #unread = new Map<string, number>()

  constructor({ connector, outbox, unreadMs = defaultUnreadMs }: HttpSessionsOptions) {
    this.#connector = connector
    this.#outbox = outbox
    this.#unreadMs = unreadMs
  }

  /** Somebody reads one of them. */
  get hasReaders(): boolean {
    return this.#entries.size > this.#unread.size
  }

  /** Opens one with the client's `connect`. `answer` is called once. */
  open(body: Buffer, exempt: boolean, answer: (opened: Opened) => void): void {
    const { closed, newId, open, received } = this.#connector
    const id = newId()
    const http = new HttpSession({
      limits: this.#outbox,
      onDrain: () => session.connection.drained(),
      onClose: (code) => closed(session, code),
      onUnread: () => this.#setUnread(id),
      onDone: () => this.#forget(id)
    })
    const session = open(http, framingOf("json", false, "events"), exempt, id)
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
        } else {
          const refused = errorOf(line!)
          if (refused === undefined) {
            http.acknowledge(answerCursor)
            answer({ _tag: "Connected", line: line! })
          } else {
            this.#forget(id)
            closed(session, closeCodes.disconnected.code)
            answer({ _tag: "Refused", line: line!, failure: refused })
          }
        }
        return false
      }
    }
    http.read(reader, 0)
    received(session, body, false)
  }

  /** The client says something. */
  commands(id: string, body: Buffer): Lost | undefined {
    const entry = this.#entries.get(id)
    if (entry === undefined) return "unknown"
    if (entry.http.ended !== undefined) return "gone"
    this.#connector.received(entry.session, body, false)
    return undefined
  }

  /** Where a reader begins that has no cursor: with what nobody has read. */
  begin(id: string): number {
    return this.#entries.get(id)?.http.begin ?? 0
  }

  /** Somebody reads from the cursor on. */
  read(id: string, reader: Reader, cursor: number): Lost | undefined {
    const entry = this.#entries.get(id)
    if (entry === undefined) return "unknown"
    this.#unread.delete(id)
    if (entry.http.read(reader, cursor)) return undefined
    this.end(id)
    return "gone"
  }

  /** The reader takes more. */
  resumed(id: string, reader: Reader): void {
    this.#entries.get(id)?.http.resumed(reader)
  }

  /** The reader is gone. */
  left(id: string, reader: Reader): void {
    this.#entries.get(id)?.http.left(reader)
  }

  /** The client goes. False: there is no such session. */
  end(id: string): boolean {
    const entry = this.#entries.get(id)
    if (entry === undefined) return false
    this.#forget(id)
    entry.http.end()
    this.#connector.closed(entry.session, closeCodes.disconnected.code)
    return true
  }

  /** Ends those that nobody has read for too long. */
  sweep(nowMillis: number): void {
    for (const [id, since] of this.#unread) {
      if (nowMillis - since < this.#unreadMs) return
      this.end(id)
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

/** What a poll is answered. */
export const pollAnswer = ({ cursor, lines }: Events): string =>
  `{"cursor":"${cursor}","frames":[${lines.map((line) => Buffer.from(line).toString()).join(",")}]}`
