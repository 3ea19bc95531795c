/**
 * Connection: one live transport of a client: what it may do, what it waits for,
 * and what waits for it.
 *
 * No fiber belongs to it. Frames are written at once while the socket takes
 * them; after that they wait in an outbox that exists only as long as it has
 * something in it.
 */

import type { Limits } from "@weir/config/Settings"
import { type CloseName, closeCodes, closeReason } from "@weir/core/CloseCode"
import type { Failure } from "@weir/core/Failure"
import type { Identity } from "@weir/core/Identity"
import { Outbox } from "@weir/flow/Outbox"
import { TokenBucket } from "@weir/flow/TokenBucket"
import { frameMessage } from "@weir/socket/Frame"
import type { Connection as Transport } from "@weir/socket/WebSocketServer"
import { encodeServerFrame, type ServerPayload, type WireFormat } from "@weir/wire/ServerFrames"
import { bytesOut, closes, failures, messagesOut, outboxFrames } from "./ConnectorMetrics.ts"
import { publicNameOf } from "./domain/Session.ts"
import type { Subscription } from "./Subscription.ts"

export interface ConnectionOptions {
  readonly transport: Transport
  readonly format: WireFormat
  readonly session: string
  readonly limits: Limits
  /** Limits on rates do not concern it. */
  readonly exempt: boolean
  readonly nowMillis: number
  /** The socket has taken everything: subscriptions that fell behind may go on. */
  readonly onDrained: (connection: Connection) => void
}

export class Connection {
  readonly format: WireFormat
  readonly session: string
  readonly limits: Limits
  readonly openedAt: number
  readonly subscriptions = new Map<string, Subscription>()
  /** Subscriptions to be replayed once the socket takes more. */
  readonly behind = new Set<Subscription>()
  /** Requests that are not answered yet. */
  readonly pendingIds = new Set<number>()
  /** Who it is; nobody before `connected`. */
  identity: Identity | undefined
  /** A `connect` was accepted for judging; another is one too many. */
  connecting = false
  lastReceivedAt: number
  lastSentAt: number
  /** When the last ping left that nothing has answered yet; 0: none is out. */
  pingedAt = 0
  warnedOfExpiry = false
  /** When the last frames came that could not be parsed. */
  readonly unparsable: Array<number> = []
  /** Commands refused in a row for their rate. */
  refusedInARow = 0
  /** Absent for exempt addresses. */
  readonly commands: TokenBucket | undefined
  #transport: Transport
  #outbox: Outbox | undefined
  #blocked = false
  #closed = false
  #publicName: string | undefined
  readonly #onDrained: (connection: Connection) => void

  constructor(options: ConnectionOptions) {
    this.#transport = options.transport
    this.format = options.format
    this.session = options.session
    this.limits = options.limits
    this.openedAt = options.nowMillis
    this.lastReceivedAt = options.nowMillis
    this.lastSentAt = options.nowMillis
    this.commands = options.exempt
      ? undefined
      : new TokenBucket(options.limits.commands, options.nowMillis)
    this.#onDrained = options.onDrained
  }

  get closed(): boolean {
    return this.#closed
  }

  /** What others see of an anonymous client, and the id of its members. */
  get publicName(): string {
    this.#publicName ??= publicNameOf(this.session)
    return this.#publicName
  }

  /** Who its publications are by. */
  get publisher(): string {
    const user = this.identity?.user ?? ""
    return user === "" ? this.publicName : user
  }

  /** Nothing waits: what is offered now leaves now. */
  get isClear(): boolean {
    return !this.#blocked
  }

  /** Offers ready frames. False: they do not fit, and nothing was taken. */
  push(frames: Uint8Array, count: number): boolean {
    if (this.#closed) return true
    if (this.#blocked) {
      this.#outbox ??= new Outbox({
        maxFrames: this.limits.outboxFrames,
        maxBytes: this.limits.outboxBytes
      })
      if (!this.#outbox.offer(frames)) return false
      outboxFrames.add(1)
    } else {
      this.#write(frames)
    }
    messagesOut.add(count)
    bytesOut.add(frames.byteLength)
    return true
  }

  #write(frames: Uint8Array): void {
    this.lastSentAt = Date.now()
    if (!this.#transport.write(frames)) this.#blocked = true
  }

  /** Sends what may not be left out; a client that has no room for it is too slow. */
  send(payload: ServerPayload, id = 0): void {
    const bytes = encodeServerFrame(this.format, id, Date.now(), payload)
    const frame = frameMessage(bytes, this.format === "json" ? "text" : "binary")
    if (!this.push(frame, 1)) this.close("slow_consumer")
  }

  refuse(id: number, { code, message, retryAfterMs }: Failure): void {
    failures(code).add()
    this.send({ $case: "error", value: { code, message, retryAfterMs } }, id)
  }

  fellBehind(subscription: Subscription): void {
    this.behind.add(subscription)
    if (this.isClear) this.#onDrained(this)
  }

  /** The socket takes more. */
  drained(): void {
    this.#blocked = false
    while (!this.#blocked) {
      const frames = this.#outbox?.take()
      if (frames === undefined) break
      outboxFrames.add(-1)
      this.#write(frames)
    }
    if (this.#blocked) return
    this.#outbox = undefined
    if (this.behind.size > 0) this.#onDrained(this)
  }

  /** Ends it from our side. What still waits is not sent: the client resumes, or may not return. */
  close(name: CloseName, detail?: string): void {
    if (this.#closed) return
    const close = closeCodes[name]
    this.#dispose(close.code)
    this.#transport.close(close.code, closeReason(close, detail))
  }

  /** The transport is gone, whoever ended it. */
  gone(code: number): void {
    if (!this.#closed) this.#dispose(code)
  }

  #dispose(code: number): void {
    this.#closed = true
    closes(String(code)).add()
    if (this.#outbox !== undefined) outboxFrames.add(-this.#outbox.frames)
    this.#outbox = undefined
    this.behind.clear()
  }
}
