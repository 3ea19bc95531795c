/**
 * Crew: what all publishers and subscribers of a run share.
 */
import type { HistoryEvent } from "../history/History.ts"
import type { Random } from "../Random.ts"

export interface Crew {
  readonly record: (event: HistoryEvent) => void
  readonly random: Random
  /** Connectors that a client may try now; what a load balancer would know. */
  readonly connectors: () => ReadonlyArray<string>
  /** The same for the publish API's. */
  readonly routers: () => ReadonlyArray<string>
  readonly token: (user: string) => string
  /** Something that should not be, which no invariant covers. */
  readonly complain: (what: string) => void
}

/** What is published is text, and short: who reads it back compares digests. */
export const dataOf = (messageId: string): string => `publication ${messageId}`

/** Of retryable failures, and of those that tell nothing, nobody knows the outcome. */
const certain: ReadonlySet<string> = new Set([
  ...["bad_request", "unauthenticated", "permission_denied", "unknown_namespace"],
  ...["invalid_channel", "payload_too_large"]
])

export const phaseOf = (code: string): "fail" | "info" => (certain.has(code) ? "fail" : "info")

export interface PublishingMember {
  /** Publishes one thing, unless too much is undecided there. */
  readonly publish: (channel: string) => void
  readonly undecided: () => number
  readonly close: () => Promise<void>
}

export interface SubscribingMember {
  readonly name: string
  readonly channels: ReadonlyArray<string>
  readonly position: (
    channel: string
  ) => { readonly epoch: string; readonly offset: number } | undefined
  /** Cuts the connection under it; it comes back by itself. */
  readonly cut: () => void
  readonly close: () => Promise<void>
}
