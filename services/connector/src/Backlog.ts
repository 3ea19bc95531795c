/**
 * Backlog: what a channel keeps on this connector for subscriptions that are not up to date,
 * once for all of them: those that read slowly, where the namespace does not send them to the
 * log, and those that want the newest only so often.
 */
import { conflates, type Namespace } from "@weir/core/Namespace"
import type { Position } from "@weir/core/Position"
import type { EncodedPublication } from "@weir/wire/Publications"
import { type Owed, type RecentLimits, RecentPublications } from "./domain/RecentPublications.ts"
import { FramedPublication } from "./FramedPublication.ts"
import type { Subscription } from "./Subscription.ts"

export interface Kept {
  /** What follows comes after this. */
  readonly before: Position
  readonly entries: ReadonlyArray<FramedPublication>
}

type Entries = ReadonlyArray<EncodedPublication>

export class Backlog {
  /** Who reads slowly is given what is kept here, and nothing waits in its outbox. */
  readonly servesSlow: boolean
  readonly #namespace: Namespace
  readonly #limits: RecentLimits
  /** While somebody is behind where the oldest is dropped. */
  #each: RecentPublications | undefined
  /** While somebody is behind where the newest is owed, or has a rate. */
  #latest: RecentPublications | undefined
  /** Of what is kept, so that it is framed once for all who lack it. */
  readonly #framed = new WeakMap<EncodedPublication, FramedPublication>()

  constructor(namespace: Namespace, limits: RecentLimits) {
    this.#namespace = namespace
    this.#limits = limits
    this.servesSlow = conflates(namespace) || namespace.slowConsumer === "dropOldest"
  }

  /** What is owed to a subscription that is not up to date, if that is kept here. */
  recentFor({ cursor, maxRate }: Subscription): Kept | undefined {
    const isLatest = maxRate !== undefined || conflates(this.#namespace)
    const recent = (isLatest ? this.#latest : this.#each)?.after(cursor!)
    return recent && { ...recent, entries: recent.entries.map((it) => this.#framedOf(it)) }
  }

  #framedOf(entry: EncodedPublication): FramedPublication {
    const known = this.#framed.get(entry)
    if (known !== undefined) return known
    const framed = new FramedPublication(entry)
    this.#framed.set(entry, framed)
    return framed
  }

  /** The channel has passed these on. */
  add(entries: Entries): void {
    this.#each?.add(entries)
    this.#latest?.add(entries)
  }

  /** Somebody is behind since `before`, and lacks these. */
  keep(before: Position, entries: Entries): void {
    if (conflates(this.#namespace)) this.#latest ??= this.#latestAfter(before, entries)
    else if (this.servesSlow) this.#each ??= this.#after("each", before, entries)
  }

  /** Somebody is live with a rate. */
  keepLatest(position: Position): void {
    this.#latest ??= this.#latestAfter(position)
  }

  /** Nobody needs what is not kept for the behind or the rated. */
  letGo(behind: number, rated: number): void {
    if (behind > 0) return
    this.#each = undefined
    if (rated === 0) this.#latest = undefined
  }

  /** The log goes on elsewhere. */
  clear(): void {
    this.#each = undefined
    this.#latest = undefined
  }

  #latestAfter(begin: Position, entries: Entries = []): RecentPublications {
    return this.#after(this.#namespace.conflateByKey ? "newestOfKey" : "newest", begin, entries)
  }

  #after(owed: Owed, begin: Position, entries: Entries): RecentPublications {
    const recent = new RecentPublications(owed, this.#limits, begin)
    recent.add(entries)
    return recent
  }
}
