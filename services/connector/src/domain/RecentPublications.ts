/**
 * RecentPublications: what a channel has passed on lately, for those who could not take it.
 *
 * Kept once for all of them, while there is one: each has a cursor and nothing else. Which
 * publications are owed to who reads slowly is the namespace's word: each of them, the newest,
 * or the newest of each key. At its bounds the oldest is dropped, and whoever lacks it is told.
 */
import type { Position } from "@weir/core/Position"
import { decodePublication, type EncodedPublication } from "@weir/wire/Publications"

/** Which publication takes the place of which: `each` of none, `newest` of all before. */
export type Owed = "each" | "newest" | "newestOfKey"

export interface RecentLimits {
  readonly maxPublications: number
  /** As encoded for the wire. */
  readonly maxBytes: number
}

export interface Recent {
  /** What follows comes after this: the cursor, or the last that was dropped. */
  readonly before: Position
  /** In their order. */
  readonly entries: ReadonlyArray<EncodedPublication>
}

export class RecentPublications {
  readonly #owed: Owed
  readonly #limits: RecentLimits
  readonly #begin: Position
  /** By what the next of the same takes the place of; in the order of their offsets. */
  readonly #entries = new Map<string | number, EncodedPublication>()
  /** The first offset written under each term: they change with the owner, a few times a day. */
  readonly #terms: Array<Position>
  #last: Position
  #dropped: Position | undefined
  #bytes = 0

  /** What is added comes after `begin`. */
  constructor(owed: Owed, limits: RecentLimits, begin: Position) {
    this.#owed = owed
    this.#limits = limits
    this.#begin = begin
    this.#terms = [begin]
    this.#last = begin
  }

  get bytes(): number {
    return this.#bytes
  }

  /** All of them next in line. */
  add(entries: ReadonlyArray<EncodedPublication>): void {
    for (const entry of entries) {
      const { position } = entry.publication
      if (position.term !== this.#last.term) this.#terms.push(position)
      this.#last = position
      this.#put(this.#placeOf(entry), entry)
    }
    while (this.#isTooMuch()) this.#dropOldest()
  }

  /**
   * What is owed to who has this position. Undefined: it is not known to be of this log, or
   * from before what was kept began; its owner can tell.
   */
  after(cursor: Position): Recent | undefined {
    if (cursor.epoch !== this.#begin.epoch) return undefined
    if (cursor.offset < this.#begin.offset || cursor.offset > this.#last.offset) return undefined
    if (this.#termAt(cursor.offset) !== cursor.term) return undefined
    const dropped = this.#dropped
    const before = dropped !== undefined && dropped.offset > cursor.offset ? dropped : cursor
    const entries: Array<EncodedPublication> = []
    for (const entry of this.#entries.values()) {
      if (entry.publication.position.offset > before.offset) entries.push(entry)
    }
    return { before, entries }
  }

  #placeOf({ publication }: EncodedPublication): string | number {
    switch (this.#owed) {
      case "each":
        return publication.position.offset
      case "newest":
        return ""
      case "newestOfKey":
        return publication.key
    }
  }

  #put(place: string | number, { bytes }: EncodedPublication): void {
    const replaced = this.#entries.get(place)
    if (replaced !== undefined) {
      this.#bytes -= replaced.bytes.byteLength
      // So that it moves to the end.
      this.#entries.delete(place)
    }
    // Memory of its own: it would keep all of the message alive that it came in.
    this.#entries.set(place, decodePublication(bytes.slice()))
    this.#bytes += bytes.byteLength
  }

  /** The newest is kept, whatever it weighs. */
  #isTooMuch(): boolean {
    const { maxBytes, maxPublications } = this.#limits
    const { size } = this.#entries
    return size > 1 && (size > maxPublications || this.#bytes > maxBytes)
  }

  #dropOldest(): void {
    for (const [place, { bytes, publication }] of this.#entries) {
      this.#entries.delete(place)
      this.#bytes -= bytes.byteLength
      this.#dropped = publication.position
      return
    }
  }

  #termAt(offset: number): number {
    return this.#terms.findLast((first) => first.offset <= offset)!.term
  }
}
