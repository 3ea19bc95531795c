import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { endOfTurn } from "./EndOfTurn.ts"

describe("the end of a turn", () => {
  it.live("comes after what is at hand, and before the event loop turns", () =>
    Effect.gen(function* () {
      const order: Array<string> = []
      const turned = new Promise<void>((resolve) =>
        setImmediate(() => {
          order.push("turned")
          resolve()
        })
      )
      yield* Effect.forkChild(
        Effect.map(endOfTurn, () => order.push("end")),
        { startImmediately: true }
      )
      order.push("at hand")
      yield* Effect.promise(() => turned)
      assert.deepStrictEqual(order, ["at hand", "end", "turned"])
    })
  )
})
