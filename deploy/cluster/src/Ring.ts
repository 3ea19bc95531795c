/**
 * Ring: how many shards each router owns by the view that Redis has now.
 */
import { assign } from "@weir/cluster/Assignment"
import { emptyView, nodesOf } from "@weir/cluster/View"
import * as ViewStore from "@weir/cluster/ViewStore"
import * as RedisConnection from "@weir/redis/RedisConnection"
import type { RedisTarget } from "@weir/redis/RedisUrl"
import { Effect } from "effect"
import type { Ring } from "./Report.ts"

const readRing = Effect.gen(function* () {
  const store = yield* ViewStore.make
  const { version, view = emptyView } = yield* store.look(emptyView)
  const owners: Record<string, number> = {}
  // Also those that own nothing: one that drains is still there.
  for (const { name } of nodesOf(view, "router")) owners[name] = 0
  for (const { name } of assign(view, "router").owners) owners[name]! += 1
  const sorted = Object.entries(owners).sort(([a], [b]) => (a < b ? -1 : 1))
  const ring: Ring = { version, owners: Object.fromEntries(sorted) }
  return ring
})

/** Asked rarely, so it connects each time, and nothing stands open between. */
export const read = (target: RedisTarget) =>
  readRing.pipe(Effect.provide(RedisConnection.layer(target, { name: "weir-ring" })))
