import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { TestClock } from "effect/testing"
import { Auth } from "../Auth.ts"
import * as TicketKeyRotation from "./TicketKeyRotation.ts"

const auth = Auth.layer({
  auth: { issuer: "weir", audience: "weir", keys: [] },
  development: true,
  namespaces: new Map()
})

const liveKeys = Effect.flatMap(Auth, ({ trust }) =>
  Effect.flatMap(Stream.runHead(trust), Effect.fromOption)
)

describe("TicketKeyRotation", () => {
  it.effect("puts a new key first every hour and keeps the one before", () =>
    Effect.gen(function* () {
      yield* TicketKeyRotation.run
      const [first, older] = yield* liveKeys
      yield* TestClock.adjust("59 minutes")
      assert.deepStrictEqual(yield* liveKeys, [first, older])

      yield* TestClock.adjust("1 minute")
      const [second, kept] = yield* liveKeys
      assert.deepStrictEqual(kept, first)
      yield* TestClock.adjust("1 hour")
      const [third, keptNext] = yield* liveKeys

      assert.deepStrictEqual(keptNext, second)
      const keys = [older, first, second, third]
      assert.strictEqual(new Set(keys.map(({ id }) => id)).size, 4)
      assert.strictEqual(new Set(keys.map(({ secret }) => String(secret))).size, 4)
      assert.deepStrictEqual(
        keys.map(({ secret }) => secret.byteLength),
        [32, 32, 32, 32]
      )
    }).pipe(Effect.provide(auth))
  )

  it.effect("goes on after a rotation that died", () =>
    Effect.gen(function* () {
      let tries = 0
      const flaky = Effect.suspend(() => {
        tries += 1
        return tries === 1 ? Effect.die(new Error("no entropy")) : Effect.void
      })
      yield* TicketKeyRotation.run.pipe(
        Effect.provideService(
          Auth,
          Auth.of({
            authenticate: () => Effect.never,
            issueDevelopmentToken: () => Effect.never,
            trust: Stream.never,
            rotateTicketKeys: flaky
          })
        )
      )
      yield* TestClock.adjust("2 hours")
      assert.strictEqual(tries, 2)
    })
  )
})
