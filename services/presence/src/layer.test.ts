import { assert, describe, it } from "@effect/vitest"
import { Cluster } from "@weir/cluster/Cluster"
import { layerMemory } from "@weir/cluster/LocalCluster"
import { loadSettings } from "@weir/config/LoadSettings"
import * as GrpcClient from "@weir/grpc/GrpcClient"
import { RosterServiceDefinition } from "@weir/proto/mesh/v1/presence"
import { Doors } from "@weir/telemetry/Doors"
import { Readiness } from "@weir/telemetry/Readiness"
import { Effect, Layer } from "effect"
import { layer } from "./layer.ts"

const process = Layer.mergeAll(layerMemory, Readiness.layer, Doors.layer)

describe("the presence layer", () => {
  it.live("is ready, reachable and in the view while it is open, and neither afterwards", () =>
    Effect.gen(function* () {
      const settings = yield* loadSettings({ node: "presence-7" })
      const { view } = yield* Cluster
      const { missing } = yield* Readiness
      const { addresses } = yield* Doors

      yield* Effect.gen(function* () {
        assert.deepStrictEqual(missing(), [])
        const node = view().nodes[0]!
        assert.deepInclude(node, { name: "presence-7", role: "presence" })
        assert.strictEqual(node.mesh, addresses().mesh)
        assert.isAbove(node.incarnation, 0)

        const client = yield* GrpcClient.make(RosterServiceDefinition, node.mesh)
        const ask = { channel: "chat:lobby", counts: true, limit: 0, after: "" }
        assert.strictEqual((yield* client.getRoster(ask)).memberCount, 0)
      }).pipe(Effect.scoped, Effect.provide(layer(settings)))

      assert.deepStrictEqual(missing(), ["presence"])
      assert.deepStrictEqual(view().nodes, [])
    }).pipe(Effect.provide(process))
  )
})
