/**
 * Connection: one live transport of a client, and what waits for it.
 *
 * No fiber belongs to it. What it is given waits for the end of the turn, in which the
 * flusher writes it in one go; while the socket takes no more it waits in an outbox, which
 * exists only as long as it has something in it.
 */
import { type CloseName, closeCodes, closeReason } from "@weir/core/CloseCode"
import type { Failure } from "@weir/core/Failure"
import { Outbox, type OutboxLimits } from "@weir/flow/Outbox"
import type { Transport } from "@weir/socket/WebSocketServer"
import type { ServerPayload, WireFormat } from "@weir/wire/ServerFrames"
import { bytesOut, closes, failures, messagesOut, outboxFrames } from "./ConnectorMetrics.ts"
import type { Flushable, Flusher, Join } from "./Flusher.ts"
import { type Framing, framePayload, framingOf } from "./Framing.ts"

export interface ConnectionOptions {
  readonly transport: Transport
  readonly framing: Framing
  readonly outbox: OutboxLimits
  readonly nowMillis: number
  /** Is told when there is something to flush. */
  readonly flusher: Pick<Flusher, "add" | "isBusy">
  /** The socket has taken everything. */
  readonly onDrained: () => void
}

/** What may wait for the end of the turn; about what a socket takes at once. */
const turnBytes = 64 * 1024

const concat: Join = (first, others) => Buffer.concat([first, ...others])

export class Connection implements Flushable {
  behind: Flushable | undefined
  isWaiting = false
  framing: Framing
  lastSentAt: number
  readonly #transport: Transport
  readonly #flusher: ConnectionOptions["flusher"]
  readonly #limits: OutboxLimits
  readonly #onDrained: () => void
  /** What waits for the end of the turn: one chunk as a rule, which needs no list. */
  #first: Uint8Array | undefined
  #others: Array<Uint8Array> | undefined
  #bytes = 0
  #outbox: Outbox | undefined
  #blocked = false
  #closed = false

  constructor(options: ConnectionOptions) {
    this.#transport = options.transport
    this.#flusher = options.flusher
    this.#limits = options.outbox
    this.#onDrained = options.onDrained
    this.framing = options.framing
    this.lastSentAt = options.nowMillis
  }

  get format(): WireFormat {
    return this.framing.format
  }

  /** The client takes several publications in one frame. */
  acceptBatches(): void {
    const { carrier, deflate, format } = this.framing
    this.framing = framingOf(format, true, carrier, deflate)
  }

  get closed(): boolean {
    return this.#closed
  }

  /** The socket takes what is offered. */
  get isClear(): boolean {
    return !this.#blocked
  }

  /** Offers ready frames. False: they do not fit, and nothing was taken. */
  push(frames: Uint8Array, count: number): boolean {
    return this.#take(frames, count, true)
  }

  #take(frames: Uint8Array, count: number, waits: boolean): boolean {
    if (this.#closed) return true
    if (this.#blocked) {
      this.#outbox ??= new Outbox(this.#limits)
      if (!this.#outbox.offer(frames)) return false
      outboxFrames.add(1)
    } else {
      this.#hold(frames, waits)
    }
    messagesOut.add(count)
    bytesOut.add(frames.byteLength)
    return true
  }

  #hold(frames: Uint8Array, waits: boolean): void {
    this.#bytes += frames.byteLength
    if (this.#first === undefined) {
      this.#first = frames
      if (waits) this.#flusher.add(this)
    } else {
      this.#others ??= []
      this.#others.push(frames)
    }
    if (this.#bytes > turnBytes) this.flush(Date.now())
  }

  /** Writes what waits for the end of the turn. */
  flush(nowMillis: number, join: Join = concat): void {
    const first = this.#first
    if (first === undefined) return
    const others = this.#others
    this.#first = undefined
    this.#others = undefined
    this.#bytes = 0
    this.lastSentAt = nowMillis
    const chunk = others === undefined ? first : join(first, others)
    if (!this.#transport.write(chunk)) this.#blocked = true
  }

  /** Shows that this end lives, where that asks for no answer. False: it has to be asked. */
  beat(nowMillis: number): boolean {
    if (this.#transport.beat === undefined) return false
    this.#transport.beat()
    this.lastSentAt = nowMillis
    return true
  }

  /** Sends what may not be left out; a client that has no room for it is too slow. */
  send(payload: ServerPayload, id = 0): void {
    const frame = framePayload(this.framing, id, Date.now(), payload)
    if (!this.push(frame, 1)) return this.close("slow_consumer")
    // An answer or a heartbeat does not wait for the publications of others.
    if (this.#flusher.isBusy) this.flush(Date.now())
  }

  /** As `send`, but does not wait for the end of the turn: nothing follows in it. */
  sendAtOnce(payload: ServerPayload, id: number): void {
    const now = Date.now()
    if (!this.#take(framePayload(this.framing, id, now, payload), 1, false)) {
      return this.close("slow_consumer")
    }
    this.flush(now)
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
      this.#hold(frames, true)
    }
    if (this.#blocked) return
    this.#outbox = undefined
    this.#onDrained()
  }

  /** Ends it from our side. What is in the outbox is not sent: the client resumes, or may not return. */
  close(name: CloseName, detail?: string): void {
    if (this.#closed) return
    const close = closeCodes[name]
    this.flush(Date.now())
    this.#dispose(close.code)
    this.#transport.close(close.code, closeReason(close, detail))
  }

  /** The client comes back, and resumes from what it has. */
  giveUp(): void {
    this.close("shutdown")
  }

  /** The transport is gone, whoever ended it. */
  gone(code: number): void {
    if (!this.#closed) this.#dispose(code)
  }

  #dispose(code: number): void {
    this.#closed = true
    closes(String(code)).add()
    if (this.#outbox !== undefined) {
      outboxFrames.add(-this.#outbox.frames)
      this.#outbox.drop()
    }
    this.#outbox = undefined
    this.#first = undefined
    this.#others = undefined
  }
}
