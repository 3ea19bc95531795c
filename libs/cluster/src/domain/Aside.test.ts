import { assert, describe, it } from "@effect/vitest"
import { decide, type Surroundings } from "./Aside.ts"

const usual: Surroundings = { isAside: false, watchers: 3, sinceMs: 60_000, others: 4, owners: 2 }
const cutOff: Surroundings = { ...usual, watchers: 0, sinceMs: 1_000 }

describe("a router that nobody reaches", () => {
  it.each<[string, Surroundings, ReturnType<typeof decide>]>([
    ["stays while somebody watches it", usual, undefined],
    ["stays while streams may be on their way back", { ...cutOff, sinceMs: 999 }, undefined],
    ["steps aside after that", cutOff, "stepAside"],
    ["stays if there is nobody who would watch it", { ...cutOff, others: 0 }, undefined],
    ["stays if nobody could take over", { ...cutOff, owners: 0 }, undefined],
    ["is aside while nobody watches it", { ...cutOff, isAside: true }, undefined],
    ["is aside while streams break at once", { ...usual, isAside: true, sinceMs: 999 }, undefined],
    ["comes back once they hold", { ...usual, isAside: true, sinceMs: 1_000 }, "comeBack"]
  ])("%s", (_, surroundings, expected) => {
    assert.strictEqual(decide(surroundings), expected)
  })
})
