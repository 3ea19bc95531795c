import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as KnownView from "./KnownView.ts"

const view = (version: number, name: string) => ({
  version,
  nodes: [{ name, role: "router" as const, incarnation: 1, mesh: `${name}:1`, draining: false }]
})

describe("KnownView", () => {
  it.effect("takes a newer view, and never goes back", () =>
    Effect.gen(function* () {
      const known = yield* KnownView.make
      yield* known.offer(view(7, "router-1"))
      yield* known.offer(view(7, "router-2"))
      yield* known.offer(view(6, "router-3"))
      yield* known.offer(undefined)
      assert.deepStrictEqual(known.get(), view(7, "router-1"))
      yield* known.offer(view(8, "router-2"))
      assert.deepStrictEqual(known.get(), view(8, "router-2"))
    })
  )
})
