import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { Cluster } from "./Cluster.ts"
import { layerFor } from "./ClusterLayer.ts"

const nodes = [{ name: "router-1", role: "router", mesh: "10.0.0.3:7000" }] as const

describe("layerFor", () => {
  it.effect("takes the nodes that are listed, whether or not Redis keeps the logs", () =>
    Effect.gen(function* () {
      for (const redisUrl of ["", "redis://127.0.0.1:1"]) {
        const settings = { node: "router-1", nodes, redisUrl }
        const view = yield* Effect.provide(
          Effect.map(Cluster, (cluster) => cluster.view()),
          layerFor(settings, "judging")
        )
        assert.deepStrictEqual(
          view.nodes.map(({ name }) => name),
          ["router-1"]
        )
      }
    })
  )

  it.effect("tells what is wrong with the URL as a mistake of the configuration", () =>
    Effect.gen(function* () {
      const settings = { node: "router-1", nodes: [], redisUrl: "redis+sentinel://:hunter2@a" }
      const { _tag, mistakes } = yield* Effect.flip(Layer.build(layerFor(settings, "watching")))
      assert.strictEqual(_tag, "ConfigMistakes")
      assert.match(mistakes.join(), /^WEIR_REDIS_URL: names no primary/)
      assert.notInclude(mistakes.join(), "hunter2")
    })
  )
})
