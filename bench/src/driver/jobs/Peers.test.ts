import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { Publishing, StartOptions } from "../../System.ts"
import { system as grpcJs } from "../../systems/GrpcJs.ts"
import { startPeer } from "../../systems/PeerProcess.ts"
import { system as pipeline } from "../../systems/Pipeline.ts"
import { benchIssuer } from "../../Token.ts"
import type { JobContext } from "../Job.ts"
import * as Handshakes from "./Handshakes.ts"
import * as Latency from "./Latency.ts"
import * as Unary from "./Unary.ts"

const anywhere: StartOptions = {
  serverCore: undefined,
  otherCore: undefined,
  servers: 1,
  logged: false
}

const context: JobContext = { emit: () => {}, nextLine: () => new Promise(() => {}) }

const addressOf = (publishing: Publishing): string =>
  "addresses" in publishing ? publishing.addresses[0]! : publishing.address

describe("the bare pipeline", () => {
  for (const mode of ["stream", "unary"] as const) {
    it.live(`brings every publication of a ${mode} to the subscriber`, () =>
      Effect.gen(function* () {
        const { publishing, servers, subscribing } = yield* pipeline.start(anywhere)

        const result = yield* Effect.promise(() =>
          Latency.run(
            {
              kind: "latency",
              ...{ subscribing, address: addressOf(publishing), key: "", mode },
              ...{ channel: "live:a", perSecond: 200, warmupSeconds: 0.2, seconds: 0.5 },
              processes: servers
            },
            context
          )
        )

        assert.strictEqual(result.publications, 100)
        assert.strictEqual(result.latency.count + result.misordered, 100)
        assert.strictEqual(result.lost, 0)
        // Unary calls beside each other have no order.
        if (mode === "stream") assert.strictEqual(result.misordered, 0)
        assert.isAtLeast(result.latency.p50, result.late.p50)
      }).pipe(Effect.scoped)
    )
  }
})

describe("the bare grpc-js server", () => {
  it.live("answers with as many bytes as Weir does", () =>
    Effect.gen(function* () {
      const { publishing, servers } = yield* grpcJs.start(anywhere)

      const result = yield* Effect.promise(() =>
        Unary.run(
          {
            kind: "unary",
            ...{ address: addressOf(publishing), key: "", channels: ["live:a"] },
            ...{ concurrency: 4, warmupSeconds: 0.1, seconds: 0.3, processes: servers }
          },
          context
        )
      )

      assert.isAbove(result.calls, 0)
      // An epoch of eight characters, a term of eight bytes, an offset, and their tags.
      assert.isAtLeast(result.responseBytes, 22)
      assert.isAtMost(result.responseBytes, 26)
    }).pipe(Effect.scoped)
  )
})

describe("handshakes", () => {
  it.live("are counted over all rounds but the first", () =>
    Effect.gen(function* () {
      const { address, ...server } = yield* startPeer("wsAnswer", [], undefined)

      const result = yield* Effect.promise(() =>
        Handshakes.run(
          {
            kind: "handshakes",
            ...{ introduction: "ws", address, localAddresses: ["127.0.0.1"] },
            ...{ issuer: benchIssuer, atOnce: 8, perRound: 40, rounds: 2, processes: [server] }
          },
          context
        )
      )

      assert.strictEqual(result.handshakes, 80)
      assert.strictEqual(result.latency.count, 80)
    }).pipe(Effect.scoped)
  )
})
