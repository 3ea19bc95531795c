import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { parseArguments } from "./Arguments.ts"

describe("parseArguments", () => {
  it.effect("compares this checkout where no head is named", () =>
    Effect.gen(function* () {
      const parsed = yield* parseArguments(["--base", "HEAD~1", "fanout"], "here")

      assert.strictEqual(parsed?.base, "HEAD~1")
      assert.strictEqual(parsed?.head, "here")
      assert.strictEqual(parsed?.rounds, 5)
    })
  )

  it.effect("passes on what follows --", () =>
    Effect.gen(function* () {
      const args = ["--base", "a", "--head", "b", "fanout", "--", "--seconds", "2"]

      const parsed = yield* parseArguments(args, "here")

      assert.deepStrictEqual(parsed?.scenario, ["fanout", "--seconds", "2"])
    })
  )

  it.effect("refuses what it cannot do, and says why", () =>
    Effect.gen(function* () {
      const why = (args: ReadonlyArray<string>) =>
        Effect.map(Effect.flip(parseArguments(args, "here")), ({ message }) => message)

      assert.include(yield* why(["fanout"]), "--base")
      assert.include(yield* why(["--base", "a"]), "scenario")
      assert.include(yield* why(["--base", "a", "--rounds", "0", "fanout"]), "--rounds")
      assert.include(yield* why(["--base", "a", "--at-least", "x", "fanout"]), "--at-least")
      assert.include(yield* why(["--base", "a", "--peers", "fanout"]), "--peers")
    })
  )
})
