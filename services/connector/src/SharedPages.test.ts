import { assert, describe, it } from "@effect/vitest"
import { type Failure, failure } from "@weir/core/Failure"
import { Deferred, Effect, Exit, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { at, settle } from "./FakeRouters.fixture.ts"
import * as SharedPages from "./SharedPages.ts"

const since = (offset: number, term = 1) => ({ $case: "since", value: at(offset, term) }) as const

/** An owner that answers when the test says so; each answer names the read that it is of. */
const makeOwner = Effect.gen(function* () {
  const reads: Array<{
    readonly asked: string
    readonly answer: Deferred.Deferred<number, Failure>
  }> = []
  const read = yield* SharedPages.make((channel, from) =>
    Effect.suspend(() => {
      const answer = Deferred.makeUnsafe<number, Failure>()
      const what = from?.$case === "since" ? `${from.value.offset}@${from.value.term}` : from?.$case
      reads.push({ asked: `${channel} ${what}`, answer })
      return Effect.map(Deferred.await(answer), (next) => ({
        ...{ next, position: at(9), before: at(5), recovered: true, reason: "" },
        ...{ entries: [], more: false, moved: undefined }
      }))
    })
  )
  const ask = (channel: string, from: Parameters<typeof read>[1]) =>
    Effect.andThen(
      Effect.tap(Effect.forkChild(Effect.map(read(channel, from), ({ next }) => next)), settle),
      Effect.succeed
    )
  const answer = (index: number, exit: Exit.Exit<number, Failure>) => {
    Deferred.doneUnsafe(reads[index]!.answer, exit)
    return settle
  }
  return { ask, answer, asked: () => reads.map(({ asked }) => asked) }
})

describe("a page that many ask for", () => {
  it.effect(
    "is read once for all who ask while another read of it is under way, and never from that one",
    () =>
      Effect.gen(function* () {
        const { answer, ask, asked } = yield* makeOwner
        const first = yield* ask("chat:a", since(5))
        const others = [yield* ask("chat:a", since(5)), yield* ask("chat:a", since(5))]
        assert.deepStrictEqual(asked(), ["chat:a 5@1"])

        yield* answer(0, Exit.succeed(1))
        assert.strictEqual(yield* Fiber.join(first), 1)
        assert.deepStrictEqual(asked(), ["chat:a 5@1", "chat:a 5@1"])
        yield* answer(1, Exit.succeed(2))

        assert.deepStrictEqual(yield* Effect.forEach(others, Fiber.join), [2, 2])
      })
  )

  it.effect("is read a few times a second while it is asked for without end", () =>
    Effect.gen(function* () {
      const { answer, ask, asked } = yield* makeOwner
      for (let passed = 0; passed < 3_000; passed += 20) {
        yield* ask("chat:a", since(5))
        yield* ask("chat:a", since(5))
        yield* answer(asked().length - 1, Exit.succeed(1))
        yield* TestClock.adjust("20 millis")
      }
      assert.isBelow(asked().length, 20)
      assert.isAbove(asked().length, 8)
    })
  )

  it.effect("is forgotten with its answer", () =>
    Effect.gen(function* () {
      const { answer, ask, asked } = yield* makeOwner
      yield* ask("chat:a", since(5))
      yield* answer(0, Exit.succeed(1))
      const later = yield* ask("chat:a", since(5))
      yield* answer(1, Exit.succeed(2))
      assert.deepStrictEqual([asked().length, yield* Fiber.join(later)], [2, 2])
    })
  )

  it.effect(
    "is not another channel's, nor that after another position, nor that of another way to ask",
    () =>
      Effect.gen(function* () {
        const { ask, asked } = yield* makeOwner
        yield* ask("chat:a", since(5))
        yield* ask("chat:b", since(5))
        yield* ask("chat:a", since(6))
        yield* ask("chat:a", since(5, 2))
        yield* ask("chat:a", { $case: "last", value: 5 })
        yield* ask("chat:a", { $case: "sinceTime", value: 5 })
        assert.deepStrictEqual(asked(), [
          ...["chat:a 5@1", "chat:b 5@1", "chat:a 6@1", "chat:a 5@2"],
          ...["chat:a last", "chat:a sinceTime"]
        ])
      })
  )

  it.effect("comes for the others when whoever asked first has left", () =>
    Effect.gen(function* () {
      const { answer, ask } = yield* makeOwner
      const first = yield* ask("chat:a", since(5))
      const second = yield* ask("chat:a", since(5))
      yield* Fiber.interrupt(first)
      yield* answer(0, Exit.succeed(1))
      yield* answer(1, Exit.succeed(2))
      assert.strictEqual(yield* Fiber.join(second), 2)
    })
  )

  it.effect("that cannot be had is refused to all of them, who do not wait as long once more", () =>
    Effect.gen(function* () {
      const { answer, ask, asked } = yield* makeOwner
      const all = [yield* ask("chat:a", since(5)), yield* ask("chat:a", since(5))]
      yield* answer(0, Exit.fail(failure("unavailable", "no answer", 500)))
      const exits = yield* Effect.forEach(all, Fiber.await)
      assert.deepStrictEqual(exits.map(Exit.isFailure), [true, true])
      assert.lengthOf(asked(), 1)
    })
  )
})
