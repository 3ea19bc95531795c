import { assert, describe, it } from "@effect/vitest"
import { failure } from "@weir/core/Failure"
import type { Accepted, Message } from "@weir/core/Publication"
import { Effect, Exit, Fiber, Random, Scope } from "effect"
import { TestClock } from "effect/testing"
import type { Outcome } from "./Attempt.ts"
import * as PublishLines from "./PublishLines.ts"

const message = (messageId: string, channel = "chat:lobby", publisher = "ann"): Message => ({
  channel,
  publisher,
  messageId,
  key: "",
  contentType: "",
  data: new TextEncoder().encode(messageId)
})

const without = (id: string): Message => ({ ...message(id), messageId: "" })

const accepted = (offset: number, duplicate = false): Outcome => ({
  _tag: "Accepted",
  accepted: { position: { epoch: "e", term: 1, offset }, duplicate }
})
const moved: Outcome = { _tag: "Moved" }
const unknown: Outcome = { _tag: "Unknown" }
const refused = (code: "aborted" | "unavailable" | "permission_denied"): Outcome => ({
  _tag: "Failed",
  failure: failure(code, "the owner says no")
})

interface Tried {
  readonly message: Message
  readonly attempt: number
  readonly answer: (outcome: Outcome) => void
  cancelled: boolean
}

/** Lines whose attempts are answered by the test. */
const scripted = Effect.fnUntraced(function* (
  options: { readonly capacity?: number; readonly neverLeaves?: boolean } = {}
) {
  const tried: Array<Tried> = []
  const owner = { name: "r1" }
  const { publish } = yield* PublishLines.make({
    ownerOf: () => owner.name,
    attempt: (message, attempt, answer) => {
      const it: Tried = { message, attempt, answer, cancelled: false }
      tried.push(it)
      return () => {
        it.cancelled = true
        return options.neverLeaves === true
      }
    },
    ...options
  })
  return {
    tried,
    owner,
    publish: (it: Message) => Effect.forkChild(publish(it), { startImmediately: true }),
    /** What has been tried since the last time it was asked for. */
    next: () => tried.splice(0)
  }
})

const names = (tried: ReadonlyArray<Tried>) =>
  tried.map(({ message }) => new TextDecoder().decode(message.data))

/** Longer than any pause. */
const afterPause = TestClock.adjust("300 millis")

const offsetOf = Effect.map(({ position }: Accepted) => position.offset)

const codeOf = <A>(fiber: Fiber.Fiber<A, { readonly code: string }>) =>
  Effect.map(Effect.flip(Fiber.join(fiber)), ({ code }) => code)

describe("a line of publications", () => {
  it.effect("has all of them under way at once, in order, under one number", () =>
    Effect.gen(function* () {
      const { next, publish } = yield* scripted()
      const fibers = yield* Effect.forEach(["a", "b", "c"], (id) => publish(message(id)))
      const tried = next()
      assert.deepStrictEqual(names(tried), ["a", "b", "c"])
      assert.strictEqual(new Set(tried.map(({ attempt }) => attempt)).size, 1)
      for (const [index, { answer }] of tried.entries()) answer(accepted(index + 1, index === 1))
      const answers = yield* Effect.forEach(fibers, Fiber.join)
      assert.deepStrictEqual(
        answers.map(({ duplicate, position }) => [position.offset, duplicate]),
        [
          [1, false],
          [2, true],
          [3, false]
        ]
      )
    })
  )

  for (const [what, outcome] of [
    ["the channel has moved", moved],
    ["the connection is lost", unknown]
  ] as const) {
    it.effect(`begins again with the first undecided one when ${what}`, () =>
      Effect.gen(function* () {
        const { next, publish } = yield* scripted()
        const fibers = yield* Effect.forEach(["a", "b", "c"], (id) => publish(message(id)))
        const [a, b, c] = next()
        a!.answer(accepted(1))
        b!.answer(outcome)
        c!.answer(outcome)
        const late = yield* publish(message("d"))
        assert.deepStrictEqual(next(), [])
        yield* afterPause
        const again = next()
        assert.deepStrictEqual(
          again.map((it) => it.message.messageId),
          ["b", "c", "d"]
        )
        assert.isTrue(again.every(({ attempt }) => attempt > b!.attempt))
        again.forEach(({ answer }, index) => answer(accepted(index + 2)))
        const answers = yield* Effect.forEach([...fibers, late], (it) => offsetOf(Fiber.join(it)))
        assert.deepStrictEqual(answers, [1, 2, 3, 4])
      })
    )
  }

  it.effect("begins again when nothing is decided in time, and cancels what it gave up", () =>
    Effect.gen(function* () {
      const { next, publish } = yield* scripted()
      const fiber = yield* publish(message("a"))
      const [first] = next()
      yield* TestClock.adjust("1400 millis")
      assert.deepStrictEqual(next(), [])
      yield* TestClock.adjust("600 millis")
      const [second] = next()
      assert.isTrue(first!.cancelled)
      assert.isAbove(second!.attempt, first!.attempt)
      second!.answer(accepted(1))
      assert.strictEqual((yield* Fiber.join(fiber)).position.offset, 1)
    })
  )

  it.effect("waits longer while some are decided", () =>
    Effect.gen(function* () {
      const { next, publish } = yield* scripted()
      yield* Effect.forEach(["a", "b", "c"], (id) => publish(message(id)))
      const tried = next()
      for (const { answer } of tried) {
        yield* TestClock.adjust("1200 millis")
        answer(accepted(1))
      }
      assert.deepStrictEqual(next(), [])
    })
  )

  it.effect("takes what an older attempt has appended for decided, and nothing else of it", () =>
    Effect.gen(function* () {
      const { next, publish } = yield* scripted()
      const a = yield* publish(message("a"))
      const b = yield* publish(message("b"))
      const [oldA, oldB] = next()
      yield* TestClock.adjust("2000 millis")
      const [, newB] = next()
      oldA!.answer(accepted(1))
      oldB!.answer(refused("unavailable"))
      newB!.answer(accepted(2))
      assert.strictEqual(yield* offsetOf(Fiber.join(a)), 1)
      assert.strictEqual(yield* offsetOf(Fiber.join(b)), 2)

      // Whatever becomes of a's newer attempt: what comes now is not of the same number.
      yield* publish(message("c"))
      const [c] = next()
      assert.isAbove(c!.attempt, newB!.attempt)
    })
  )

  it.effect("gives each publisher its owner's refusal, and goes on under another number", () =>
    Effect.gen(function* () {
      const { next, publish } = yield* scripted()
      const a = yield* publish(message("a"))
      const b = yield* publish(message("b"))
      const [triedA, triedB] = next()
      triedA!.answer(refused("permission_denied"))
      const c = yield* publish(message("c", "chat:lobby", "bob"))
      // b's refusal is still under way: c is not its publisher's, and must not be refused with it.
      assert.deepStrictEqual(next(), [])
      triedB!.answer(refused("aborted"))
      assert.strictEqual(yield* codeOf(a), "permission_denied")
      assert.strictEqual(yield* codeOf(b), "aborted")
      yield* afterPause
      const [triedC] = next()
      assert.isAbove(triedC!.attempt, triedA!.attempt)
      triedC!.answer(accepted(1))
      assert.strictEqual(yield* offsetOf(Fiber.join(c)), 1)
    })
  )

  it.effect("refuses what comes behind a publisher's own one whose refusal is under way", () =>
    Effect.gen(function* () {
      const { next, publish } = yield* scripted()
      // Another sender's: it is not told to who publishes b and c.
      const a = yield* publish(message("a", "chat:lobby", "bob"))
      const b = yield* publish(message("b"))
      const [triedA, triedB] = next()
      triedA!.answer(refused("unavailable"))
      const c = yield* publish(message("c"))
      const d = yield* publish(message("d"))
      triedB!.answer(refused("aborted"))
      assert.strictEqual(yield* codeOf(a), "unavailable")
      assert.deepStrictEqual(yield* Effect.forEach([b, c, d], codeOf), [
        "aborted",
        "aborted",
        "aborted"
      ])
      yield* afterPause
      assert.deepStrictEqual(next(), [])
      const again = yield* Effect.forEach(["b", "c", "d"], (id) => publish(message(id)))
      next().forEach(({ answer }, index) => answer(accepted(index + 1)))
      const answers = yield* Effect.forEach(again, (it) => offsetOf(Fiber.join(it)))
      assert.deepStrictEqual(answers, [1, 2, 3])
    })
  )

  it.effect("refuses what waits behind a refused one after that, not before", () =>
    Effect.gen(function* () {
      const { next, owner, publish } = yield* scripted()
      const decided: Array<string> = []
      const a = yield* publish(message("a"))
      owner.name = "r2"
      const b = yield* publish(message("b"))
      a.addObserver(() => decided.push("a"))
      b.addObserver(() => decided.push("b"))
      const [triedA, ...others] = next()
      assert.deepStrictEqual(others, [], "b waits until a is decided")
      triedA!.answer(refused("unavailable"))
      assert.strictEqual(yield* codeOf(b), "aborted")
      assert.deepStrictEqual(decided, ["a", "b"])
    })
  )

  it.effect("never appends what is behind a refused one, wherever that is tried next", () =>
    Effect.gen(function* () {
      const { next, publish } = yield* scripted()
      const fibers = yield* Effect.forEach(["a", "b", "c"], (id) => publish(message(id)))
      const [a, b, c] = next()
      a!.answer(refused("unavailable"))
      b!.answer(moved)
      c!.answer(unknown)
      assert.deepStrictEqual(yield* Effect.forEach(fibers, codeOf), [
        "unavailable",
        "aborted",
        "aborted"
      ])
      yield* afterPause
      assert.deepStrictEqual(next(), [])
    })
  )

  it.effect("fails one without an id whose outcome is unknown, and all behind it", () =>
    Effect.gen(function* () {
      const { next, publish } = yield* scripted()
      const known = yield* publish(message("a"))
      const fibers = yield* Effect.forEach([without("b"), message("c"), without("d")], publish)
      for (const { answer } of next()) answer(unknown)
      yield* afterPause
      assert.deepStrictEqual(yield* Effect.forEach(fibers, codeOf), [
        "unavailable",
        "aborted",
        "aborted"
      ])
      const again = next()
      assert.deepStrictEqual(names(again), ["a"])
      again[0]!.answer(accepted(1))
      yield* Fiber.join(known)
    })
  )

  it.effect("tries one without an id again when it was certainly not appended", () =>
    Effect.gen(function* () {
      const { next, publish } = yield* scripted()
      yield* Effect.forEach(["a", "b"], (id) => publish(without(id)))
      // The owner refuses what is behind, whether its answer arrives or not.
      next()[0]!.answer(moved)
      yield* afterPause
      assert.deepStrictEqual(names(next()), ["a", "b"])
    })
  )

  it.effect("tries again what was refused only for being behind one that has moved", () =>
    Effect.gen(function* () {
      const { next, publish } = yield* scripted()
      yield* Effect.forEach(["a", "b"], (id) => publish(without(id)))
      const [a, b] = next()
      a!.answer(moved)
      b!.answer(refused("aborted"))
      yield* afterPause
      assert.deepStrictEqual(names(next()), ["a", "b"])
    })
  )

  it.effect("tries one without an id again when it never left", () =>
    Effect.gen(function* () {
      const { next, publish } = yield* scripted({ neverLeaves: true })
      yield* publish(without("a"))
      next()
      yield* TestClock.adjust("2000 millis")
      assert.deepStrictEqual(names(next()), ["a"])
    })
  )

  it.effect("holds what comes after its owner changed until the one before has decided", () =>
    Effect.gen(function* () {
      const { next, owner, publish } = yield* scripted()
      yield* publish(without("a"))
      const [a] = next()
      owner.name = "r2"
      yield* publish(without("b"))
      assert.deepStrictEqual(next(), [])
      a!.answer(accepted(1))
      yield* afterPause
      assert.deepStrictEqual(names(next()), ["b"])
    })
  )

  it.effect("does not wait for long for an owner that the view has replaced", () =>
    Effect.gen(function* () {
      const { next, owner, publish } = yield* scripted()
      const fiber = yield* publish(message("a"))
      const [first] = next()
      owner.name = "r2"
      yield* TestClock.adjust("200 millis")
      assert.isFalse(first!.cancelled)
      yield* TestClock.adjust("500 millis")
      const [again] = next()
      assert.isTrue(first!.cancelled)
      again!.answer(accepted(1, true))
      assert.strictEqual(yield* offsetOf(Fiber.join(fiber)), 1)
    })
  )

  it.effect("gives up after 5 s, together with all behind", () =>
    Effect.gen(function* () {
      const { next, publish, tried } = yield* scripted()
      const a = yield* publish(message("a"))
      yield* TestClock.adjust("3 seconds")
      const b = yield* publish(message("b"))
      yield* TestClock.adjust("2200 millis")
      assert.strictEqual(yield* codeOf(a), "timeout")
      assert.strictEqual(yield* codeOf(b), "aborted")
      assert.isTrue(tried.every(({ cancelled }) => cancelled))
      const last = Math.max(...next().map(({ attempt }) => attempt))
      yield* publish(message("c"))
      assert.isAbove(next()[0]!.attempt, last)
    })
  )

  it.effect("says that nothing was published when nobody could be reached", () =>
    Effect.gen(function* () {
      const { publish } = yield* PublishLines.make({
        ownerOf: () => undefined,
        attempt: (_message, _attempt, answer) => answer(moved)
      })
      const fiber = yield* Effect.forkChild(publish(without("a")), { startImmediately: true })
      yield* TestClock.adjust("6 seconds")
      assert.strictEqual(yield* codeOf(fiber), "unavailable")
    })
  )

  it.effect("refuses above its capacity, and takes more once one is decided", () =>
    Effect.gen(function* () {
      const { next, publish } = yield* scripted({ capacity: 2 })
      const a = yield* publish(message("a"))
      yield* publish(message("b"))
      assert.strictEqual(yield* codeOf(yield* publish(message("c"))), "too_many_requests")
      yield* publish(message("other", "chat:other"))
      next()[0]!.answer(accepted(1))
      yield* Fiber.join(a)
      yield* publish(message("d"))
      assert.deepStrictEqual(names(next()), ["d"])
    })
  )

  it.effect("publishes what its publisher no longer waits for", () =>
    Effect.gen(function* () {
      const { next, publish } = yield* scripted()
      const a = yield* publish(message("a"))
      const b = yield* publish(message("b"))
      yield* Fiber.interrupt(a)
      for (const { answer } of next()) answer(moved)
      yield* afterPause
      const again = next()
      assert.deepStrictEqual(names(again), ["a", "b"])
      again.forEach(({ answer }, index) => answer(accepted(index + 1)))
      assert.strictEqual(yield* offsetOf(Fiber.join(b)), 2)
    })
  )

  it.effect("fails all that is undecided when the process stops", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const { publish } = yield* Scope.provide(scripted(), scope)
      const a = yield* publish(message("a"))
      const b = yield* publish(message("b"))
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual(yield* codeOf(a), "unavailable")
      assert.strictEqual(yield* codeOf(b), "unavailable")
      assert.strictEqual(yield* codeOf(yield* publish(message("c"))), "unavailable")
    })
  )
})

/** What the contract with owners says, with every way of going wrong. */
class ModelOwners {
  readonly log: Array<string> = []
  /** Requests of the present stream, in order, that the owner has not looked at. */
  private inbox: Array<Tried> = []
  private refusedAttempt = 0
  private refusal: Outcome = moved

  send(tried: Tried) {
    this.inbox.push(tried)
  }

  /** The owner looks at the next request, or something goes wrong. */
  step(luck: number) {
    if (luck < 0.05) return this.loseStream(luck < 0.025)
    const next = this.inbox.shift()
    if (next === undefined) return
    if (next.attempt === this.refusedAttempt) {
      return next.answer(this.refusal === moved ? moved : refused("aborted"))
    }
    if (luck < 0.1 || luck > 0.97) {
      this.refusedAttempt = next.attempt
      this.refusal = luck < 0.1 ? moved : refused("unavailable")
      return next.answer(this.refusal)
    }
    next.answer(this.append(next.message))
  }

  /** Some of what is on its way arrives, but no answer comes back. */
  private loseStream(isAllAppended: boolean) {
    const lost = this.inbox
    this.inbox = []
    const arrived = isAllAppended ? lost : lost.slice(0, lost.length / 2)
    for (const { attempt, message } of arrived) {
      if (attempt !== this.refusedAttempt) this.append(message)
    }
    for (const { answer } of lost) answer(unknown)
  }

  private append({ messageId }: Message): Outcome {
    const known = this.log.indexOf(messageId)
    if (known >= 0) return accepted(known + 1, true)
    return accepted(this.log.push(messageId))
  }
}

describe("publications over owners that move, refuse, hang and vanish", () => {
  for (const seed of [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]) {
    it.effect(`are each in the log once, in the order published (seed ${seed})`, () =>
      Effect.gen(function* () {
        const owners = new Map<string, ModelOwners>()
        const channels = ["chat:a", "chat:b"]
        for (const channel of channels) owners.set(channel, new ModelOwners())
        const { publish } = yield* PublishLines.make({
          ownerOf: () => "r1",
          attempt: (message, attempt, answer) =>
            owners.get(message.channel)!.send({ message, attempt, answer, cancelled: false })
        })
        const results: Array<{
          readonly channel: string
          readonly id: string
          readonly fiber: Fiber.Fiber<Accepted, unknown>
        }> = []
        for (let index = 0; index < 600; index++) {
          const channel = channels[yield* Random.nextIntBetween(0, 1)]!
          const id = `m-${String(index).padStart(4, "0")}`
          const fiber = yield* Effect.forkChild(publish(message(id, channel)), {
            startImmediately: true
          })
          results.push({ channel, id, fiber })
          const steps = yield* Random.nextIntBetween(0, 4)
          for (let step = 0; step < steps; step++) {
            const luck = yield* Random.next
            owners.get(channels[yield* Random.nextIntBetween(0, 1)]!)!.step(luck)
          }
          const luck = yield* Random.next
          // Usually a moment, sometimes so long that attempts are given up.
          if (luck < 0.2) yield* TestClock.adjust(luck < 0.01 ? "1500 millis" : "50 millis")
        }
        for (let round = 0; round < 300; round++) {
          for (const owner of owners.values()) for (let i = 0; i < 10; i++) owner.step(0.5)
          yield* TestClock.adjust("50 millis")
        }

        let acceptedCount = 0
        for (const { channel, fiber, id } of results) {
          const exit = fiber.pollUnsafe()
          assert.isDefined(exit, `${id} is decided`)
          if (!Exit.isSuccess(exit!)) continue
          acceptedCount++
          assert.strictEqual(
            owners.get(channel)!.log[exit.value.position.offset - 1],
            id,
            "an accepted one is in the log, where its publisher was told"
          )
        }
        assert.isAbove(acceptedCount, results.length / 3)
        for (const { log } of owners.values()) {
          assert.deepStrictEqual(log, log.toSorted(), "in the order published")
          assert.strictEqual(new Set(log).size, log.length, "none of them twice")
        }
      }).pipe(Random.withSeed(`publish lines ${seed}`))
    )
  }
})
