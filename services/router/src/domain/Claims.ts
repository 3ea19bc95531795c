/**
 * Claims: whether a router may take a shard that the view gives to it.
 *
 * Pure. Nothing here is needed for safety, which is the compare-and-set on the
 * record and the fence on every append. It decides only whom to wait for.
 */
import type { ShardRecord } from "./ShardRecord.ts"

/** How long a new owner waits for the old one, which lives, to hand over. */
export const handoffPatienceMs = 1_000

export interface Claimant {
  readonly node: string
  /** Routers of the view, those that drain among them. */
  readonly routers: ReadonlySet<string>
  /** How long the shard has been awaited. */
  readonly awaitedMs: number
}

export type Claim =
  /** Take it, if the record still has this term; 0: if there is none. */
  { readonly _tag: "Take"; readonly observed: number } | { readonly _tag: "Wait" }

export const decide = (
  { awaitedMs, node, routers }: Claimant,
  record: ShardRecord | undefined
): Claim => {
  if (record === undefined) return { _tag: "Take", observed: 0 }
  const mayHandOver = record.node !== node && routers.has(record.node)
  return mayHandOver && awaitedMs < handoffPatienceMs
    ? { _tag: "Wait" }
    : { _tag: "Take", observed: record.term }
}
