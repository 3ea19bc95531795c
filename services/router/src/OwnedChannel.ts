/**
 * OwnedChannel: one channel at its owner: the line of messages that wait for an
 * append, and the lanes that want what is appended.
 *
 * At most one append is in flight. What arrives meanwhile is the next batch, so
 * that batches grow by themselves when the log is slow.
 */
import { type Failure, failure } from "@weir/core/Failure"
import { messageKey } from "@weir/core/MessageKey"
import type { Namespace } from "@weir/core/Namespace"
import type { GapReason, Position } from "@weir/core/Position"
import type { Accepted, Message } from "@weir/core/Publication"
import {
  type EncodedPublication,
  EncodedWhenAsked,
  encodePublication
} from "@weir/wire/Publications"
import { type Exit, Latch } from "effect"
import type { Moved } from "./domain/Moved.ts"
import { RecentEntries } from "./domain/RecentEntries.ts"
import type { Lane } from "./Lane.ts"
import type { ChannelOf } from "./ports/LogStore.ts"
import { appendQueue } from "./RouterMetrics.ts"
import type { Shard } from "./Shard.ts"

export type Answer = (result: Exit.Exit<Accepted, Failure | Moved>) => void

export interface Submission {
  readonly message: Message
  readonly answer: Answer
}

/** A batch on its way to the log, and what it became. */
export interface InFlight {
  /** Empty once it is answered: of its entries it is still to be found out whether they are in the log. */
  batch: ReadonlyArray<Submission>
  readonly entries: ReadonlyArray<EncodedPublication>
}

/** What may wait for one channel's append. */
const maxPending = 2_048
const maxPendingBytes = 4 * 1024 * 1024
const maxBatch = 256
const maxBatchBytes = 256 * 1024

export class OwnedChannel {
  readonly name: string
  readonly namespace: Namespace
  readonly shard: Shard
  readonly lanes = new Set<Lane>()
  /** The newest position given to the lanes; unknown until the log was asked. */
  head: Position | undefined
  publishedAt = 0
  /** What the log may lose and would be given again; nothing of a log that only we keep. */
  recent: RecentEntries | undefined
  /** The append of which it is not known yet whether it happened. */
  inFlight: InFlight | undefined
  /** Raised whenever the log turns out to be another one than was thought. */
  lives = 0
  /** Closed while the log may not be where it was left: nothing is answered before that is known. */
  readonly settled = Latch.makeUnsafe(true)
  /** When the newest was delivered, on a clock that never steps. */
  deliveredAt = 0
  /** Closed while something is being appended; whatever is pending is taken before that ends. */
  readonly quiet = Latch.makeUnsafe(true)
  usedAt: number
  /** This router holds it no more; a fiber may still be ending with it. */
  released = false
  #pending: Array<Submission> = []
  #pendingBytes = 0

  constructor(name: string, namespace: Namespace, shard: Shard, nowMillis: number) {
    this.name = name
    this.namespace = namespace
    this.shard = shard
    this.usedAt = nowMillis
  }

  /** The channel as the log knows it, under the term of the moment. */
  get where(): ChannelOf {
    return { channel: this.name, namespace: this.namespace, term: this.shard.term }
  }

  get isDoubtful(): boolean {
    return !this.settled.isOpen()
  }

  /** The log may not be where it was left. What was never asked for cannot be elsewhere. */
  doubt(): void {
    if (this.head !== undefined) this.settled.closeUnsafe()
  }

  /** The log's head says that it is not where it was left: more than an append in flight explains. */
  disagrees(head: Position): boolean {
    if (this.head === undefined) return false
    const { epoch, offset, term } = this.head
    return (
      head.epoch !== epoch || head.offset < offset || (head.offset === offset && head.term !== term)
    )
  }

  /** The log is ahead of what was known of it: whoever follows reads on. */
  goOnAt(head: Position, publishedAt: number): void {
    this.startAt(head, publishedAt)
    for (const lane of this.lanes) lane.reconsider(this.name)
  }

  /** The log is another one. Who had all of the old one is told at once, others when they are read. */
  restartAt(head: Position, publishedAt: number, reason: GapReason): void {
    this.startAt(head, publishedAt)
    for (const lane of this.lanes) lane.restart(this.name, head, reason)
  }

  startAt(head: Position, publishedAt: number): void {
    this.lives++
    this.head = head
    this.publishedAt = Math.max(publishedAt, this.publishedAt)
    this.recent = this.namespace.logged ? new RecentEntries(head) : undefined
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
      if (count === maxBatch || (count > 0 && bytes + message.data.byteLength > maxBatchBytes))
        break
      if (message.messageId !== "") {
        const key = messageKey(message.publisher, message.messageId)
        if (ids.has(key)) break
        ids.add(key)
      }
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
    nowMillis: number
  ): ReadonlyArray<EncodedPublication> {
    const { term } = this.shard
    const publishedAt = Math.max(nowMillis, this.publishedAt)
    const isWanted = this.namespace.logged || this.lanes.size > 0
    return batch.map(({ message }, index) => {
      const { channel, contentType, data, key, messageId, publisher } = message
      const position = { epoch: head.epoch, term, offset: head.offset + 1 + index }
      // Field by field: to spread the message into another costs more than to encode it.
      const publication = {
        channel,
        position,
        messageId,
        key,
        publisher,
        publishedAt,
        contentType,
        data
      }
      return isWanted ? encodePublication(publication) : new EncodedWhenAsked(publication)
    })
  }

  /** Gives appended entries to every lane that follows. */
  deliver(entries: ReadonlyArray<EncodedPublication>, monotonicMs: number): void {
    const last = entries.at(-1)!.publication
    this.head = last.position
    this.publishedAt = last.publishedAt
    this.inFlight = undefined
    this.recent?.push(entries, monotonicMs)
    this.deliveredAt = monotonicMs
    for (const lane of this.lanes) lane.deliver(this.name, entries)
  }
}
