import { assert, describe, it } from "@effect/vitest"
import { type Claimant, decide, handoffPatienceMs } from "./Claims.ts"

const claimant = (awaitedMs: number, ...routers: ReadonlyArray<string>): Claimant => ({
  node: "r1",
  routers: new Set(["r1", ...routers]),
  awaitedMs
})
const recordOf = (node: string) => ({ node, term: 4_096, view: 3 })
const take = { _tag: "Take", observed: 4_096 }
const wait = { _tag: "Wait" }

describe("Claims.decide", () => {
  it.each([
    ["takes a shard that nobody has", claimant(0), undefined, { _tag: "Take", observed: 0 }],
    ["takes at once what it had in an earlier life", claimant(0), recordOf("r1"), take],
    ["takes at once what was a gone router's", claimant(0), recordOf("r2"), take],
    ["waits for an owner that lives", claimant(0, "r2"), recordOf("r2"), wait],
    ["waits to the end", claimant(handoffPatienceMs - 1, "r2"), recordOf("r2"), wait],
    ["and no longer", claimant(handoffPatienceMs, "r2"), recordOf("r2"), take],
    ["waits for nobody but the owner", claimant(0, "r3"), recordOf("r2"), take],
    ["takes what is its own whoever else is there", claimant(0, "r2"), recordOf("r1"), take]
  ] as const)("%s", (_title, who, record, expected) => {
    assert.deepStrictEqual(decide(who, record) as object, expected)
  })
})
