import { assert, describe, it } from "@effect/vitest"
import { Cluster } from "@weir/cluster/Cluster"
import { layerMemory } from "@weir/cluster/LocalCluster"
import { decide, type Settings } from "@weir/config/Settings"
import * as GrpcClient from "@weir/grpc/GrpcClient"
import { AuthServiceDefinition } from "@weir/proto/mesh/v1/auth"
import { Doors } from "@weir/telemetry/Doors"
import { Readiness } from "@weir/telemetry/Readiness"
import { Effect, Layer } from "effect"
import { layer } from "./layer.ts"

const settings: Settings = decide(
  {},
  {
    node: "auth-1",
    host: "127.0.0.1",
    httpPort: 0,
    grpcPort: 0,
    meshPort: 0,
    opsPort: 0,
    advertise: "127.0.0.1",
    redisUrl: "",
    httpApi: false,
    pageDirectory: undefined,
    logLevel: "Info",
    logFormat: "pretty",
    profile: undefined,
    profileDirectory: ".",
    development: true
  }
)

const surroundings = Layer.mergeAll(layerMemory, Readiness.layer, Doors.layer)

describe("the auth service", () => {
  it.live("is in the view and ready while it runs, and neither afterwards", () =>
    Effect.gen(function* () {
      const cluster = yield* Cluster
      const readiness = yield* Readiness
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* Layer.build(layer(settings))
          const [node] = cluster.view().nodes
          assert.deepStrictEqual([node?.name, node?.role], ["auth-1", "auth"])
          assert.strictEqual((yield* Doors).addresses().mesh, node?.mesh)
          assert.deepStrictEqual(readiness.missing(), [])

          const client = yield* GrpcClient.make(AuthServiceDefinition, node?.mesh ?? "")
          const { token } = yield* client.issueDevelopmentToken({ user: "ann", subscriptions: [] })
          assert.notStrictEqual(token, "")
        })
      )
      assert.deepStrictEqual(cluster.view().nodes, [])
      assert.deepStrictEqual(readiness.missing(), ["auth"])
    }).pipe(Effect.provide(surroundings))
  )

  it.live("does not start where its port is taken", () =>
    Effect.gen(function* () {
      yield* Layer.build(layer(settings))
      const meshPort = Number((yield* Doors).addresses().mesh?.split(":")[1])
      const failed = yield* Effect.flip(Layer.build(layer({ ...settings, meshPort })))
      assert.strictEqual(failed._tag, "ListenFailed")
    }).pipe(Effect.provide(surroundings))
  )
})
