/**
 * ChannelHistory: what a history says about one channel, by publication, by
 * position and by subscriber.
 *
 * Millions of deliveries come down to few distinct entries, so that most
 * invariants need not look at each delivery.
 */
import type { Position } from "@weir/core/Position"
import type {
  Closed,
  Connected,
  Delivered,
  FinalLog,
  GapTold,
  HistoryEvent,
  LogEntry,
  Publish,
  PublishInvoked,
  PublishOk,
  SubscribeInvoked,
  SubscribeOk,
  Unsubscribed
} from "../history/History.ts"

/** A publication over all its attempts. */
export interface Publication {
  readonly process: string
  readonly publisher: string
  readonly messageId: string
  readonly invoked: PublishInvoked
  /** Places in the whole history: `t` alone does not order what one process did. */
  readonly firstInvoke: number
  lastInvoke: number
  invokes: number
  fails: number
  unknowns: number
  ok: PublishOk | undefined
  /** The last that its process did about it. */
  last: Publish
}

/** Something seen at a position, and who saw it first. */
export interface Entry {
  readonly epoch: string
  readonly offset: number
  readonly term: number
  readonly publisher: string
  readonly messageId: string
  readonly sha: string
  readonly event: HistoryEvent
}

export type LineEvent =
  | SubscribeInvoked
  | SubscribeOk
  | Delivered
  | GapTold
  | Unsubscribed
  | Connected
  | Closed

/** One subscriber's view of the channel. */
export interface Line {
  readonly subscriber: string
  readonly events: Array<LineEvent>
  readonly vias: Set<Delivered["via"]>
}

export interface Log {
  readonly event: FinalLog
  readonly byKey: ReadonlyMap<string, LogEntry>
  readonly byOffset: ReadonlyMap<number, LogEntry>
}

/** Names a publication within its channel. */
export const keyOf = (it: { readonly publisher: string; readonly messageId: string }): string =>
  `${it.publisher}\n${it.messageId}`

export class ChannelHistory {
  readonly name: string
  readonly publications = new Map<string, Publication>()
  readonly lines = new Map<string, Line>()
  log: Log | undefined
  readonly #entries = new Map<string, Map<number, Array<Entry>>>()
  readonly #found = new Map<string, Entry>()
  readonly #beganAt = new Map<string, number>()
  readonly #acknowledgedAt = new Map<string, number>()
  readonly #onLine: (line: Line) => void
  #deliveries = 0

  constructor(name: string, onLine: (line: Line) => void) {
    this.name = name
    this.#onLine = onLine
  }

  get deliveries(): number {
    return this.#deliveries
  }

  published(event: Publish, index: number) {
    const { messageId, process, publisher = process } = event
    const key = keyOf({ publisher, messageId })
    const known = this.publications.get(key)
    if (event.phase === "invoke") {
      if (known === undefined) {
        this.publications.set(key, {
          ...{ process, publisher, messageId, invoked: event, last: event },
          ...{
            firstInvoke: index,
            lastInvoke: index,
            invokes: 1,
            fails: 0,
            unknowns: 0,
            ok: undefined
          }
        })
        return
      }
      known.lastInvoke = index
      known.invokes++
    }
    if (known === undefined) throw new Error(`${messageId} has an outcome and was never invoked`)
    known.last = event
    if (event.phase === "fail") known.fails++
    if (event.phase === "info") known.unknowns++
    if (event.phase !== "ok") return
    known.ok ??= event
    this.#see(event.position, known.publisher, messageId, known.invoked.sha, event)
  }

  delivered(event: Delivered) {
    this.#deliveries++
    const line = this.line(event.subscriber)
    line.events.push(event)
    line.vias.add(event.via)
    this.#see(event.position, event.publisher, event.messageId, event.sha, event)
  }

  ended(event: FinalLog) {
    this.log = {
      event,
      byKey: new Map(event.entries.map((entry) => [keyOf(entry), entry])),
      byOffset: new Map(event.entries.map((entry) => [entry.offset, entry]))
    }
    for (const entry of event.entries) {
      const { messageId, offset, publisher, sha, term } = entry
      // A proof needs this entry, and not the whole log.
      const proof = { ...event, entries: [entry] }
      this.#see({ epoch: event.epoch, offset, term }, publisher, messageId, sha, proof)
    }
  }

  line(subscriber: string): Line {
    const known = this.lines.get(subscriber)
    if (known !== undefined) return known
    const line: Line = { subscriber, events: [], vias: new Set() }
    this.lines.set(subscriber, line)
    this.#onLine(line)
    return line
  }

  /** When anything of the epoch was seen first. */
  beganAt(epoch: string): number {
    return this.#beganAt.get(epoch) ?? Number.POSITIVE_INFINITY
  }

  /** Until when what was sent may have gone to the owner of an earlier epoch, which lives on. */
  takenUntil(epoch: string): number {
    let until = this.beganAt(epoch)
    for (const [other, at] of this.#acknowledgedAt) {
      if (this.beganAt(other) < this.beganAt(epoch)) until = Math.max(until, at)
    }
    return until
  }

  /** Everything that anybody saw there. */
  at(epoch: string, offset: number): ReadonlyArray<Entry> {
    return this.#entries.get(epoch)?.get(offset) ?? []
  }

  epochs(): IterableIterator<[string, ReadonlyMap<number, ReadonlyArray<Entry>>]> {
    return this.#entries.entries()
  }

  *entries(): Generator<Entry> {
    for (const offsets of this.#entries.values()) for (const seen of offsets.values()) yield* seen
  }

  /** Where a publication is, if that is known: by its acknowledgement, or because somebody saw it. */
  placeOf(publication: Publication): Position | undefined {
    if (publication.ok !== undefined) return publication.ok.position
    return this.#found.get(keyOf(publication))
  }

  /** The last position; without a log, the last that anybody saw of the youngest epoch. */
  get head(): Position | undefined {
    if (this.log !== undefined) {
      const { entries, epoch, floor } = this.log.event
      const last = entries.at(-1)
      return { epoch, term: last?.term ?? 0, offset: last?.offset ?? Math.max(0, floor - 1) }
    }
    let head: Position | undefined
    for (const entry of this.entries()) {
      const later =
        head === undefined ||
        (entry.epoch === head.epoch ? entry.offset > head.offset : entry.term > head.term)
      if (later) head = entry
    }
    return head
  }

  /** False for a position that the log has lost. Where nothing can be lost, all stand. */
  stands({ epoch, offset, term }: Position, mayLose: boolean): boolean {
    if (!mayLose || this.log === undefined || offset === 0) return true
    return epoch === this.log.event.epoch && this.log.byOffset.get(offset)?.term === term
  }

  #see(
    { epoch, offset, term }: Position,
    publisher: string,
    messageId: string,
    sha: string,
    event: HistoryEvent
  ) {
    let offsets = this.#entries.get(epoch)
    if (offsets === undefined) {
      offsets = new Map()
      this.#entries.set(epoch, offsets)
    }
    this.#beganAt.set(epoch, Math.min(event.t, this.beganAt(epoch)))
    if (event.type === "publish") this.#acknowledgedAt.set(epoch, event.t)
    let seen = offsets.get(offset)
    if (seen === undefined) {
      seen = []
      offsets.set(offset, seen)
    }
    for (const it of seen) {
      if (it.term !== term || it.messageId !== messageId) continue
      if (it.publisher === publisher && it.sha === sha) return
    }
    const entry = { epoch, offset, term, publisher, messageId, sha, event }
    seen.push(entry)
    const key = keyOf(entry)
    // The log is the last to speak, and knows best.
    if (event.type === "log" || !this.#found.has(key)) this.#found.set(key, entry)
  }
}
