/**
 * What every `RestrictionStore` must honour, wherever it keeps them. The layer is built anew,
 * and empty, for each test.
 */
import { assert, describe, it } from "@effect/vitest"
import type { Restriction } from "@weir/core/Restriction"
import { Effect, type Layer } from "effect"
import { nothingSeen, RestrictionStore, type StoreChanges } from "./RestrictionStore.ts"

const ban = (value: string, until = 2_000): Restriction => ({
  ...{ kind: "ban", target: { type: "user", value }, at: 1_000, until, reason: "" }
})

const usersIn = ({ put }: StoreChanges) => put.map(({ target }) => target.value)

export const restrictionStoreContract = (where: string, layer: Layer.Layer<RestrictionStore>) =>
  describe(`RestrictionStore in ${where}`, () => {
    const test = (title: string, body: Effect.Effect<void, unknown, RestrictionStore>) =>
      it.effect(title, () => body.pipe(Effect.provide(layer)))

    test(
      "has nothing at first",
      Effect.gen(function* () {
        const { since } = yield* RestrictionStore
        assert.deepStrictEqual(yield* since(nothingSeen), {
          ...{ version: nothingSeen, isWhole: false, more: false, put: [], lifted: [] }
        })
      })
    )

    test(
      "gives who has seen nothing all of it, and others what has changed since",
      Effect.gen(function* () {
        const { lift, put, since } = yield* RestrictionStore
        yield* put(ban("ann"))
        yield* put(ban("bob"))
        const first = yield* since(nothingSeen)
        assert.deepStrictEqual(first.put, [ban("ann"), ban("bob")])
        assert.isTrue(first.isWhole)
        assert.isNotEmpty(first.version.epoch)

        yield* put(ban("cleo"))
        yield* put(ban("ann", 3_000))
        assert.isTrue(yield* lift("ban user bob"))
        assert.isFalse(yield* lift("ban user bob"))
        const next = yield* since(first.version)
        assert.deepStrictEqual(
          [next.isWhole, next.put, next.lifted],
          [...[false, [ban("cleo"), ban("ann", 3_000)], ["ban user bob"]]]
        )
        const last = yield* since(next.version)
        assert.deepStrictEqual([last.version, last.put, last.lifted], [next.version, [], []])
      })
    )

    test(
      "answers in pages",
      Effect.gen(function* () {
        const { put, since } = yield* RestrictionStore
        const users = Array.from({ length: 1_500 }, (_, index) => `user ${index}`)
        yield* Effect.forEach(users, (user) => put(ban(user)), { concurrency: 64 })
        const first = yield* since(nothingSeen)
        const second = yield* since(first.version)
        assert.deepStrictEqual(
          [first, second].map(({ isWhole, more, put }) => [isWhole, more, put.length]),
          [
            [true, true, 1_000],
            [false, false, 500]
          ]
        )
        assert.sameMembers([...usersIn(first), ...usersIn(second)], users)
      })
    )

    test(
      "forgets what is over and not what was renewed, and who missed what was lifted begins anew",
      Effect.gen(function* () {
        const { lift, put, since, tidy } = yield* RestrictionStore
        yield* put(ban("ann", 2_000))
        yield* put(ban("bob", 9_000))
        yield* put(ban("cleo", 9_000))
        const old = (yield* since(nothingSeen)).version
        yield* lift("ban user cleo")
        const now = (yield* since(old)).version

        yield* tidy(["ban user ann", "ban user bob"], 2_000, now)

        const upToDate = yield* since(now)
        assert.deepStrictEqual([upToDate.isWhole, upToDate.put, upToDate.lifted], [false, [], []])
        const late = yield* since(old)
        assert.deepStrictEqual([late.isWhole, usersIn(late)], [true, ["bob"]])
      })
    )
  })
