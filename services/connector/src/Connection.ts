/**
 * Connection: one live transport of a client, and what waits for it to drain.
 *
 * No fiber belongs to it. Frames are written at once while the socket takes
 * them; after that they wait in an outbox that exists only as long as it has
 * something in it.
 */
import { type CloseName, closeCodes, closeReason } from "@weir/core/CloseCode"
import type { Failure } from "@weir/core/Failure"
import { Outbox, type OutboxLimits } from "@weir/flow/Outbox"
import { frameMessage } from "@weir/socket/Frame"
import type { Transport } from "@weir/socket/WebSocketServer"
import { encodeServerFrame, type ServerPayload, type WireFormat } from "@weir/wire/ServerFrames"
import { bytesOut, closes, failures, messagesOut, outboxFrames } from "./ConnectorMetrics.ts"

export interface ConnectionOptions {
  readonly transport: Transport
  readonly format: WireFormat
  readonly outbox: OutboxLimits
  readonly nowMillis: number
  /** The socket has taken everything. */
  readonly onDrained: () => void
}

export class Connection {
  readonly format: WireFormat
  lastSentAt: number
  readonly #transport: Transport
  readonly #limits: OutboxLimits
  readonly #onDrained: () => void
  #outbox: Outbox | undefined
  #blocked = false
  #closed = false

  constructor(options: ConnectionOptions) {
    this.format = options.format
    this.lastSentAt = options.nowMillis
    this.#transport = options.transport
    this.#limits = options.outbox
    this.#onDrained = options.onDrained
  }

  get closed(): boolean {
    return this.#closed
  }

  /** Nothing waits: what is offered now leaves now. */
  get isClear(): boolean {
    return !this.#blocked
  }

  /** Offers ready frames. False: they do not fit, and nothing was taken. */
  push(frames: Uint8Array, count: number): boolean {
    if (this.#closed) return true
    if (this.#blocked) {
      this.#outbox ??= new Outbox(this.#limits)
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
    this.#onDrained()
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
  }
}
