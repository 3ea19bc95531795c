/**
 * OwnedChannel: one channel at its owner: the line of messages that wait for an
 * append, and the lanes that want what is appended.
 *
 * At most one append is in flight. What arrives meanwhile is the next batch, so
 * that batches grow by themselves when the log is slow.
 */
import { type Failure, failure } from "@weir/core/Failure"
import type { Namespace } from "@weir/core/Namespace"
import type { Position } from "@weir/core/Position"
import type { Accepted, Message } from "@weir/core/Publication"
import { type EncodedPublication, encodePublication } from "@weir/wire/Publications"
import type { Exit } from "effect"
import { dedupeKey } from "./domain/DedupeWindow.ts"
import type { Lane } from "./Lane.ts"
import { appendQueue } from "./RouterMetrics.ts"

export interface Submission {
  readonly message: Message
  readonly answer: (result: Exit.Exit<Accepted, Failure>) => void
}

/** What may wait for one channel's append. */
const maxPending = 2_048
const maxPendingBytes = 4 * 1024 * 1024
const maxBatch = 256
const maxBatchBytes = 256 * 1024

export class OwnedChannel {
  readonly name: string
  readonly namespace: Namespace
  readonly lanes = new Set<Lane>()
  /** The newest position given to the lanes; unknown until the log was asked. */
  head: Position | undefined
  publishedAt = 0
  /** A fiber is appending; it takes whatever is pending before it ends. */
  appending = false
  usedAt: number
  #pending: Array<Submission> = []
  #pendingBytes = 0

  constructor(name: string, namespace: Namespace, nowMillis: number) {
    this.name = name
    this.namespace = namespace
    this.usedAt = nowMillis
  }

  get hasPending(): boolean {
    return this.#pending.length > 0
  }

  /** Puts the message in line, or says why there is no room. */
  submit(submission: Submission): Failure | undefined {
    const bytes = submission.message.data.byteLength
    if (this.#pending.length >= maxPending || this.#pendingBytes + bytes > maxPendingBytes) {
      return failure(
        "too_many_requests",
        `${this.#pending.length} messages (${this.#pendingBytes} bytes) wait for this channel`,
        100
      )
    }
    this.#pending.push(submission)
    this.#pendingBytes += bytes
    appendQueue.add(1)
    return undefined
  }

  /** The next batch. A message id never stands in it twice: the log could not tell them apart. */
  takeBatch(): ReadonlyArray<Submission> {
    const ids = new Set<string>()
    let bytes = 0
    let count = 0
    for (const { message } of this.#pending) {
      const key = dedupeKey(message.publisher, message.messageId)
      if (count === maxBatch || (count > 0 && bytes + message.data.byteLength > maxBatchBytes))
        break
      if (message.messageId !== "" && ids.has(key)) break
      ids.add(key)
      bytes += message.data.byteLength
      count++
    }
    const batch = this.#pending.splice(0, count)
    this.#pendingBytes -= bytes
    appendQueue.add(-count)
    return batch
  }

  /** Back to the front of the line, in the same order. */
  putBack(batch: ReadonlyArray<Submission>): void {
    this.#pending.unshift(...batch)
    for (const { message } of batch) this.#pendingBytes += message.data.byteLength
    appendQueue.add(batch.length)
  }

  /** Takes everything: nobody behind a failed message may overtake it. */
  takeAll(): ReadonlyArray<Submission> {
    const all = this.#pending
    this.#pending = []
    this.#pendingBytes = 0
    appendQueue.add(-all.length)
    return all
  }

  /** The batch as entries directly after the head. */
  encode(
    batch: ReadonlyArray<Submission>,
    head: Position,
    term: number,
    nowMillis: number
  ): ReadonlyArray<EncodedPublication> {
    const publishedAt = Math.max(nowMillis, this.publishedAt)
    return batch.map(({ message }, index) =>
      encodePublication({
        ...message,
        position: { epoch: head.epoch, term, offset: head.offset + 1 + index },
        publishedAt
      })
    )
  }

  /** Gives appended entries to every lane that follows. */
  deliver(entries: ReadonlyArray<EncodedPublication>): void {
    const last = entries.at(-1)!.publication
    this.head = last.position
    this.publishedAt = last.publishedAt
    for (const lane of this.lanes) lane.deliver(this.name, entries)
  }
}
