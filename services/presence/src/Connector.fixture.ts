/**
 * Connector.fixture: what the tests of presence say, hear and look at.
 */
import type { Member, PresenceChange } from "@weir/core/Member"
import { Effect, Exit, Fiber, Metric, Scope } from "effect"
import { TestClock } from "effect/testing"
import { type Announcer, Presence } from "./Presence.ts"

export const lobby = "chat:lobby"

export const member = (id: string, data: ReadonlyArray<number> = []): Member => ({
  id,
  user: `user-of-${id}`,
  joinedAt: 1,
  contentType: "",
  data: new Uint8Array(data)
})

/** A stream that ends when `lose` runs, not with the test. */
export const connect = Effect.fnUntraced(function* (node: string, incarnation = 1) {
  const scope = yield* Scope.fork(yield* Effect.scope)
  const presence = yield* Presence
  const stream = yield* Scope.provide(presence.open({ node, incarnation }), scope)
  return { stream, lose: Scope.close(scope, Exit.void) }
})

const tell = ({ joined, left }: PresenceChange) => [
  ...joined.map(({ id, data }) => `+${id}${data.length === 0 ? "" : `=${data}`}`),
  ...left.map(({ id }) => `-${id}`)
]

/** What the next flush tells; `nothing` when none comes. */
export const flushed = Effect.fnUntraced(function* ({ changes }: Announcer) {
  const taking = yield* Effect.forkChild(changes, { startImmediately: true })
  yield* TestClock.adjust("50 millis")
  if (taking.pollUnsafe() !== undefined) return (yield* Fiber.join(taking)).flatMap(tell)
  yield* Fiber.interrupt(taking)
  return "nothing"
})

export const roster = Effect.fnUntraced(function* (channel: string) {
  const { members } = (yield* Presence).roster({ channel, counts: false, limit: 1_000, after: "" })
  return members.map(({ id }) => id)
})

/** The gauges of everything that is held. */
export const held = Effect.map(Metric.snapshot, (metrics) =>
  Object.fromEntries(
    metrics.flatMap(({ id, type, state }) =>
      type === "Gauge" && id.startsWith("weir_presence_")
        ? [[id.slice("weir_presence_".length), (state as { readonly value: number }).value]]
        : []
    )
  )
)
