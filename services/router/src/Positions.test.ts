import { assert, describe, it } from "@effect/vitest"
import { decodePublication } from "@weir/wire/Publications"
import { Effect, type Fiber, Random } from "effect"
import { TestClock } from "effect/testing"
import type { Lane } from "./Lane.ts"
import * as Mesh from "./RouterMesh.fixture.ts"
import { follow, message, textOf, viewOf } from "./RouterMesh.fixture.ts"
import * as Store from "./SharedStore.fixture.ts"

const lobby = "chat:lobby"

describe("whatever the log loses", () => {
  for (const seed of [1, 2, 3, 4, 5, 6]) {
    it.effect(`no position is ever given to two messages (seed ${seed})`, () =>
      Effect.gen(function* () {
        const mesh = yield* Mesh.makeMesh()
        const owner = yield* mesh.start("r1", viewOf(1, "r1"))
        const { store } = mesh
        yield* Mesh.settled
        const lane = yield* follow(owner, lobby)
        const given = new Map<string, string>()
        const accepted = new Map<string, string>()
        const collect = Effect.fnUntraced(function* (from: Lane) {
          for (const { item } of yield* Mesh.itemsOf(from)) {
            if (item?.$case !== "publication") continue
            const entry = decodePublication(item.value)
            const { epoch, offset, term } = entry.publication.position
            const key = `${epoch} ${term} ${offset}`
            const known = given.get(key) ?? textOf(entry)
            assert.strictEqual(textOf(entry), known, `${key} is one message`)
            given.set(key, known)
          }
        })
        const fibers: Array<Fiber.Fiber<unknown, unknown>> = []
        for (let step = 0; step < 120; step++) {
          const id = `m-${step}`
          fibers.push(
            yield* Effect.forkChild(
              Effect.tap(owner.router.publish(message(id)), ({ position }) =>
                Effect.sync(() => {
                  const { epoch, offset, term } = position
                  accepted.set(`${epoch} ${term} ${offset}`, id)
                })
              ),
              { startImmediately: true }
            )
          )
          const what = yield* Random.next
          if (what < 0.1) store.appends.push(Store.loseAnswer)
          else if (what < 0.2) store.appends.push(Store.loseCall)
          else if (what < 0.3) {
            const { length } = yield* store.stored(lobby)
            yield* store.loseTail(lobby, Math.floor(length * (yield* Random.next)))
            if ((yield* Random.next) < 0.5) yield* owner.router.checkLogs
          } else if (what < 0.34) store.records.clear()
          else if (what < 0.38) {
            yield* TestClock.adjust("16 seconds")
            yield* owner.router.forgetIdle
          } else if (what < 0.4) {
            yield* store.replaceLog(lobby, { epoch: `other-${step}`, term: 1, offset: 3 })
          }
          yield* TestClock.adjust("20 millis")
          yield* collect(lane)
        }
        yield* TestClock.adjust("20 seconds")
        yield* collect(lane)
        for (const fiber of fibers) assert.isDefined(fiber.pollUnsafe(), "everything is decided")
        for (const [position, id] of accepted) {
          assert.strictEqual(given.get(position) ?? id, id, "acknowledged as delivered")
        }
        assert.isAbove(accepted.size, 60)
      }).pipe(Random.withSeed(`reconciler ${seed}`))
    )
  }
})
