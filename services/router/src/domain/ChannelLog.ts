/**
 * ChannelLog: what one channel keeps in memory, bounded by count, bytes and age.
 *
 * Of what was let go of only the last position is kept: the anchor, whose term
 * proves that a client at that position saw this very log. A channel without
 * history keeps nothing, but for a moment after it changed hands.
 */
import { deliversLatest, type Namespace } from "@weir/core/Namespace"
import type { Position } from "@weir/core/Position"
import type { EncodedPublication } from "@weir/wire/Publications"
import { DedupeWindow, maxIds } from "./DedupeWindow.ts"
import { countWithin, type PageLimits } from "./Page.ts"
import { decide, type Verdict } from "./Resume.ts"

/** How much of a channel is kept: the newest so many, so many bytes, for so long. */
type Bounds = Pick<Namespace, "historyAgeMs" | "historyBytes" | "historySize">

/** What a channel without history keeps after a handoff, and for how long. */
const holdMs = 1_000
const held: Bounds = {
  historySize: 64,
  historyBytes: 256 * 1024,
  historyAgeMs: Number.POSITIVE_INFINITY
}

export class ChannelLog {
  readonly namespace: Namespace
  readonly dedupe: DedupeWindow
  #head: Position
  /** The position just before the oldest entry. */
  #anchor: Position
  /** Offsets in a row that end at the head; those let go of are empty at once. */
  #slots: Array<EncodedPublication | undefined> = []
  /** How many slots at the front are empty. */
  #empty = 0
  #bytes = 0
  #publishedAt = 0
  #heldUntil = 0

  constructor(namespace: Namespace, start: Position, nowMillis: number) {
    this.namespace = namespace
    this.#head = start
    this.#anchor = start
    this.dedupe = new DedupeWindow(namespace.dedupeMs, maxIds, nowMillis)
  }

  get head(): Position {
    return this.#head
  }

  /** When the newest was published; 0 before the first. */
  get publishedAt(): number {
    return this.#publishedAt
  }

  /** How many entries hold memory. */
  get size(): number {
    return this.#slots.length - this.#empty
  }

  /** What those entries are in bytes. */
  get bytes(): number {
    return this.#bytes
  }

  /** Keeps what is appended in the next second, though the channel has no history. */
  hold(nowMillis: number): void {
    this.#heldUntil = nowMillis + holdMs
  }

  #bounds(nowMillis: number): Bounds | undefined {
    if (this.namespace.logged) return this.namespace
    return nowMillis < this.#heldUntil ? held : undefined
  }

  /** The entries must follow the head without a hole; the caller has compared. */
  append(entries: ReadonlyArray<EncodedPublication>, nowMillis: number): void {
    const last = entries.at(-1)
    if (last === undefined) return
    this.#head = last.publication.position
    this.#publishedAt = last.publication.publishedAt
    if (this.#bounds(nowMillis) === undefined) return this.#clear()
    for (const entry of entries) {
      this.#slots.push(entry)
      this.#bytes += entry.bytes.byteLength
    }
    this.trim(nowMillis)
  }

  #clear(): void {
    this.#anchor = this.#head
    if (this.#slots.length === 0) return
    this.#slots = []
    this.#empty = 0
    this.#bytes = 0
  }

  /** Lets go of what is beyond the bounds. The newest is let go of only for its age. */
  trim(nowMillis: number): void {
    const bounds = this.#bounds(nowMillis)
    if (bounds === undefined) return this.#clear()
    const { historyAgeMs, historyBytes, historySize } = bounds
    while (this.size > 0) {
      const { bytes, publication } = this.#slots[this.#empty]!
      const isBeyond =
        this.size > historySize ||
        (this.#bytes > historyBytes && this.size > 1) ||
        nowMillis - publication.publishedAt > historyAgeMs
      if (!isBeyond) break
      this.#anchor = publication.position
      this.#bytes -= bytes.byteLength
      this.#slots[this.#empty] = undefined
      this.#empty++
    }
    // Moving the others only when at least as many are gone keeps an append's cost constant.
    if (this.#empty >= 16 && this.#empty * 2 >= this.#slots.length) {
      this.#slots = this.#slots.slice(this.#empty)
      this.#empty = 0
    }
  }

  #indexOf(offset: number): number {
    return offset - (this.#head.offset - this.#slots.length + 1)
  }

  /** The oldest offset that may be replayed; head + 1 when there is none. */
  floor(nowMillis: number): number {
    this.trim(nowMillis)
    return this.#anchor.offset + 1
  }

  /** The position at a stored offset, or at the anchor's. */
  positionAt(offset: number): Position | undefined {
    if (offset === this.#anchor.offset) return this.#anchor
    return this.#slots[this.#indexOf(offset)]?.publication.position
  }

  resume(since: Position, nowMillis: number): Verdict {
    return decide(since, {
      head: this.#head,
      floor: this.floor(nowMillis),
      termAt: (offset) => this.positionAt(offset)?.term,
      latestOnly: deliversLatest(this.namespace)
    })
  }

  /** Where the message with this id is, if it is remembered and of this log. */
  known(publisher: string, messageId: string, nowMillis: number): Position | undefined {
    const found = this.dedupe.find(publisher, messageId, nowMillis)
    const isHere = found?.epoch === this.#head.epoch && found.offset <= this.#head.offset
    return isHere ? found : undefined
  }

  /** Nothing to replay and no id to remember: only the epoch would be lost with it. */
  isEmpty(nowMillis: number): boolean {
    return this.floor(nowMillis) > this.#head.offset && this.dedupe.isEmpty(nowMillis)
  }

  *#walk(from: number, step: 1 | -1): Iterable<EncodedPublication> {
    for (let index = from; ; index += step) {
      const entry = this.#slots[index]
      if (entry === undefined) return
      yield entry
    }
  }

  /** A page from an offset on, clamped to the floor. */
  from(offset: number, limits: PageLimits, nowMillis: number): ReadonlyArray<EncodedPublication> {
    const start = this.#indexOf(Math.max(offset, this.floor(nowMillis)))
    const count = countWithin(this.#walk(start, 1), limits)
    return this.#slots.slice(start, start + count) as Array<EncodedPublication>
  }

  /** The page that ends just before an offset, the newest first. */
  before(offset: number, limits: PageLimits, nowMillis: number): ReadonlyArray<EncodedPublication> {
    this.trim(nowMillis)
    const end = this.#indexOf(Math.min(offset, this.#head.offset + 1))
    const count = countWithin(this.#walk(end - 1, -1), limits)
    const page = this.#slots.slice(Math.max(0, end - count), Math.max(0, end))
    return page.reverse() as Array<EncodedPublication>
  }

  /** The first offset published at or after a time; head + 1 when there is none. */
  offsetAtTime(millis: number, nowMillis: number): number {
    const floor = this.floor(nowMillis)
    let offset = floor
    for (const { publication } of this.#walk(this.#empty, 1)) {
      if (publication.publishedAt >= millis) return offset
      offset++
    }
    return offset
  }
}
