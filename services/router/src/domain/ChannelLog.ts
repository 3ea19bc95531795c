/**
 * ChannelLog: what one channel keeps in memory, bounded by count and age.
 *
 * One entry more than may be replayed is kept: the anchor, whose term proves
 * that a client at that position saw this very log.
 */
import { deliversLatest, type Namespace } from "@weir/core/Namespace"
import type { Position } from "@weir/core/Position"
import type { EncodedPublication } from "@weir/wire/Publications"
import { DedupeWindow } from "./DedupeWindow.ts"
import { decide, type Verdict } from "./Resume.ts"

/** Message ids remembered for one channel in one window: at 100 bytes each some 2 MB. */
const maxIds = 20_000

export class ChannelLog {
  readonly namespace: Namespace
  readonly dedupe: DedupeWindow
  #head: Position
  /** Offsets in a row that end at the head; a trimmed front is cut off now and then. */
  #entries: Array<EncodedPublication> = []
  /** How many entries at the front are trimmed but not cut off yet. */
  #trimmed = 0
  #publishedAt = 0

  constructor(namespace: Namespace, start: Position, nowMillis: number) {
    this.namespace = namespace
    this.#head = start
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
    return this.#entries.length
  }

  /** The entries must follow the head without a hole; the caller has compared. */
  append(entries: ReadonlyArray<EncodedPublication>, nowMillis: number): void {
    const last = entries.at(-1)
    if (last === undefined) return
    this.#head = last.publication.position
    this.#publishedAt = last.publication.publishedAt
    if (!this.namespace.logged) return
    for (const entry of entries) this.#entries.push(entry)
    this.#trim(nowMillis)
  }

  #trim(nowMillis: number): void {
    const { historyAgeMs, historySize } = this.namespace
    const surplus = this.#entries.length - (historySize + 1)
    this.#trimmed = Math.max(this.#trimmed, surplus, 0)
    // The anchor is the first entry that is not cut off; it may be older than the age.
    while (
      this.#trimmed + 1 < this.#entries.length &&
      nowMillis - this.#entries[this.#trimmed + 1]!.publication.publishedAt > historyAgeMs
    ) {
      this.#trimmed++
    }
    // Cutting off in bulk keeps the cost of an append constant.
    if (this.#trimmed > 64 && this.#trimmed * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#trimmed)
      this.#trimmed = 0
    }
  }

  #firstOffset(): number {
    return this.#head.offset - this.#entries.length + 1
  }

  /** The oldest offset that may be replayed; head + 1 when there is none. */
  floor(nowMillis: number): number {
    this.#trim(nowMillis)
    const anchor = this.#firstOffset() + this.#trimmed
    const entry = this.#entries[this.#trimmed]
    if (entry === undefined) return this.#head.offset + 1
    // Entry 1 of an untrimmed log is no anchor: the position before it is 0.
    const isFirstOfAll = anchor === 1 && this.#entries.length <= this.namespace.historySize
    const isYoung = nowMillis - entry.publication.publishedAt <= this.namespace.historyAgeMs
    return isFirstOfAll && isYoung ? 1 : anchor + 1
  }

  /** The stored entry at an offset, the anchor included. */
  at(offset: number): EncodedPublication | undefined {
    const index = offset - this.#firstOffset()
    return index < this.#trimmed ? undefined : this.#entries[index]
  }

  resume(since: Position, nowMillis: number): Verdict {
    return decide(since, {
      head: this.#head,
      floor: this.floor(nowMillis),
      termAt: (offset) => this.at(offset)?.publication.position.term,
      latestOnly: deliversLatest(this.namespace)
    })
  }

  /** Nothing to replay and no id to remember: only the epoch would be lost with it. */
  isEmpty(nowMillis: number): boolean {
    return this.floor(nowMillis) > this.#head.offset && this.dedupe.isEmpty(nowMillis)
  }

  /** At most `limit` entries from an offset on, clamped to the floor. */
  from(offset: number, limit: number, nowMillis: number): ReadonlyArray<EncodedPublication> {
    const start = Math.max(offset, this.floor(nowMillis)) - this.#firstOffset()
    return this.#entries.slice(start, start + limit)
  }

  /** The first offset published at or after a time; head + 1 when there is none. */
  offsetAtTime(millis: number, nowMillis: number): number {
    const floor = this.floor(nowMillis)
    const index = this.#entries.findIndex(
      ({ publication }) => publication.position.offset >= floor && publication.publishedAt >= millis
    )
    return index < 0 ? this.#head.offset + 1 : this.#firstOffset() + index
  }
}
