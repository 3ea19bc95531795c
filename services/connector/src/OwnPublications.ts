/**
 * OwnPublications: of what a channel brings, what is not to come back to the connection that it
 * came over.
 */
import type { Message } from "@weir/core/Publication"
import type { EncodedPublication } from "@weir/wire/Publications"
import { Exclusions } from "./domain/Exclusions.ts"
import type { Subscription } from "./Subscription.ts"

/** Where a publication came from: what of it is subscribed, by channel. */
export interface Origin {
  readonly subscriptions: ReadonlyMap<string, Subscription>
}

/** What is left for a subscription whose client has published the rest. */
export interface Spared {
  readonly subscription: Subscription
  readonly entries: ReadonlyArray<EncodedPublication>
}

const none: ReadonlyArray<Spared> = []

export class OwnPublications {
  readonly #channel: string
  readonly #windowMs: number
  /** Absent while nothing is on its way that is not to come back. */
  #exclusions: Exclusions<Origin> | undefined

  /** `windowMs`: for how long one that does not come is remembered. */
  constructor(channel: string, windowMs: number) {
    this.#channel = channel
    this.#windowMs = windowMs
  }

  /** The publication that is on its way will not be given to where it comes from. */
  exclude(message: Message, origin: Origin, nowMillis: number): void {
    this.#exclusions ??= new Exclusions(this.#windowMs)
    this.#exclusions.add(message, origin, nowMillis)
  }

  /** It will not come. */
  refused(message: Message): void {
    this.#exclusions?.forget(message)
  }

  /** Who gets less than the others of these, and what. */
  sparedOf(entries: ReadonlyArray<EncodedPublication>, nowMillis: number): ReadonlyArray<Spared> {
    if (this.#exclusions === undefined) return none
    const ownOf = new Map<Subscription, Set<EncodedPublication>>()
    for (const entry of entries) {
      const origin = this.#exclusions.take(entry.publication, nowMillis)
      const subscription = origin?.subscriptions.get(this.#channel)
      // With a rate nothing is pushed here: what it is given is chosen later.
      if (subscription === undefined || subscription.maxRate !== undefined) continue
      const own = ownOf.get(subscription) ?? new Set()
      ownOf.set(subscription, own.add(entry))
    }
    if (this.#exclusions.size === 0) this.#exclusions = undefined
    return Array.from(ownOf, ([subscription, own]) => ({
      subscription,
      entries: entries.filter((entry) => !own.has(entry))
    }))
  }
}
