/**
 * What the audit trail promises, wherever its lines are kept. The store is empty for each test;
 * two trails share it, as two auth nodes do.
 */
import { assert, describe, it } from "@effect/vitest"
import { type AuditEvent, AuditVerifier } from "@weir/core/AuditLine"
import { Context, Effect, Layer, Schedule } from "effect"
import { AuditTrail } from "./AuditTrail.ts"
import type { AuditStore } from "./ports/AuditStore.ts"

const event = (target: string): AuditEvent => ({
  ...{ at: 1_000, actor: "backend", address: "", action: "ban", target, result: "ok" },
  ...{ requestId: "", detail: "" }
})

const targets = (lines: ReadonlyArray<string>): ReadonlyArray<string> =>
  lines.map((line) => JSON.parse(line).target)

const isWhole = (lines: ReadonlyArray<string>): boolean => {
  const verifier = new AuditVerifier()
  for (const line of lines) verifier.add(line)
  return verifier.result._tag === "Whole"
}

export const auditTrailContract = (where: string, layer: Layer.Layer<AuditStore>) =>
  describe(`AuditTrail in ${where}`, () => {
    const test = (title: string, body: Effect.Effect<void, unknown, AuditStore>) =>
      it.live(title, () => body.pipe(Effect.provide(layer)))
    const made = Effect.map(Layer.build(Layer.fresh(AuditTrail.layer)), (it) =>
      Context.get(it, AuditTrail)
    )

    test(
      "is one chain, whoever writes",
      Effect.scoped(
        Effect.gen(function* () {
          const [one, other] = [yield* made, yield* made]
          const names = Array.from({ length: 30 }, (_, index) => `user ${index}`)
          yield* Effect.forEach(
            names,
            (name, index) => (index % 2 === 0 ? one : other).record(event(name)),
            { concurrency: 8 }
          )
          const lines = yield* one.read(0, 100)
          assert.sameMembers([...targets(lines)], names)
          assert.isTrue(isWhole(lines))
          assert.deepStrictEqual(yield* other.read(27, 2), lines.slice(27, 29))
        })
      )
    )

    test(
      "has refusals soon after, and how many found no room",
      Effect.scoped(
        Effect.gen(function* () {
          const { note, read } = yield* made
          note(
            Array.from({ length: 6_000 }, (_, index) => event(`user ${index}`)),
            5
          )
          const lines = yield* Effect.retry(
            Effect.flatMap(read(0, 10_000), (lines) =>
              lines.some((line) => line.includes("audit.dropped"))
                ? Effect.succeed(lines)
                : Effect.fail("waiting")
            ),
            { schedule: Schedule.spaced("20 millis"), times: 250 }
          )
          assert.isTrue(isWhole(lines))
          const dropped = lines.find((line) => line.includes("audit.dropped"))!
          assert.match(JSON.parse(dropped).detail, /^1909 refusals/)
        })
      )
    )
  })
