/**
 * Growth: what everything costs when there is more of it: subscribers, channels that
 * nobody publishes to, connections.
 */
import { Effect } from "effect"
import { fanoutCost } from "../growth/FanoutCost.ts"
import { idleChannelCost } from "../growth/IdleChannelCost.ts"
import { memoryGrowth } from "../growth/MemoryGrowth.ts"
import { joined } from "../growth/Part.ts"
import type { Scenario } from "../Scenario.ts"
import { BenchFailure } from "../System.ts"

export const scenario: Scenario = {
  name: "growth",
  summary:
    "cost of a delivery over subscribers and idle channels, memory over connections and channels",
  peers: [],
  run: Effect.fnUntraced(function* (context) {
    const weir = context.systems.find(({ name }) => name === "weir")
    if (weir === undefined) return yield* new BenchFailure({ message: "growth is about weir" })
    const memory = yield* memoryGrowth(weir, context)
    const channels = yield* idleChannelCost(weir, context)
    const fanout = yield* fanoutCost(weir, context)
    const settings = ["part", "burst", "subscribers", "idleChannels", "axis", "count"]
    return { scenario: "growth", settings, ...joined([fanout, channels, ...memory]) }
  })
}
