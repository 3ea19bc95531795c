/**
 * Ownership: channels that a certain router owns, found out from outside: whoever
 * counts a publication is its owner, wherever it was sent.
 */
import { Effect, type Scope } from "effect"
import { makePayloads } from "../driver/Payload.ts"
import { encodeRequest, openPublishCalls } from "../driver/PublishApi.ts"
import type { UnaryCalls } from "../driver/UnaryCalls.ts"
import { BenchFailure } from "../System.ts"
import { metric, type Node } from "../systems/WeirNodes.ts"

const decided = 'weir_router_publish_total{result="ok"}'

const openCalls = (address: string, key: string) =>
  Effect.acquireRelease(
    Effect.tryPromise({
      try: () => openPublishCalls(address, key),
      catch: (error) => new BenchFailure({ message: `${address}: ${error}` })
    }),
    (calls) => Effect.sync(() => calls.close())
  )

const publishOnce = (calls: UnaryCalls, channel: string): Effect.Effect<void, BenchFailure> =>
  Effect.callback((resume) =>
    calls.call(encodeRequest(channel, makePayloads(0, [0])[0]!), (result) =>
      resume(
        result instanceof Error
          ? Effect.fail(new BenchFailure({ message: `${channel}: ${result.message}` }))
          : Effect.void
      )
    )
  )

/** Of a namespace. One publication is in each of them afterwards, and in others. */
export const ownedBy = Effect.fnUntraced(function* (
  owner: Node,
  namespace: string,
  count: number,
  key: string
): Effect.fn.Return<ReadonlyArray<string>, BenchFailure, Scope.Scope> {
  const calls = yield* openCalls(owner.grpc!, key)
  const found: Array<string> = []
  let before = yield* metric(owner, decided)
  for (let index = 0; found.length < count; index++) {
    const channel = `${namespace}:bench-${index}`
    yield* publishOnce(calls, channel)
    const after = yield* metric(owner, decided)
    if (after > before) found.push(channel)
    before = after
  }
  return found
})
