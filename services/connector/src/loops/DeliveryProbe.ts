/**
 * DeliveryProbe: does what is published still come back here?
 *
 * Links that are up prove little: a lane may be open and never bring anything. So the
 * connector publishes to a channel of its own, over the mesh and to whoever owns it, and
 * waits for it on its lane like any client. Not logged, so that Redis has no part in it.
 */
import { type Failure, failureOf } from "@weir/core/Failure"
import { probeNamespace } from "@weir/core/Namespace"
import { Routers } from "@weir/mesh/Routers"
import { Readiness } from "@weir/telemetry/Readiness"
import { Clock, Deferred, Effect, Schedule } from "effect"
import { placed } from "../ChannelFeed.ts"
import { probes } from "../ConnectorMetrics.ts"
import type { Feeds } from "../Feeds.ts"

const everyMs = 5_000

/** How long one may take to come back. */
const deadline = "5 seconds"

/** One alone is lost whenever an owner dies. */
const missesLimit = 2

/** What is read by whoever asks why this process is not ready. */
const part = "delivery: no probe came back in 10 s"

const retrying = Schedule.spaced("200 millis")

/** Probes for as long as the scope is open. Gives what waits for the first to come back. */
export const make = Effect.fnUntraced(function* (options: {
  readonly node: string
  readonly feeds: Feeds
}) {
  const { feeds, node } = options
  const routers = yield* Routers
  const readiness = yield* Readiness
  const channel = `${probeNamespace.name}:${node}`
  const first = yield* Deferred.make<void>()
  let awaited: { readonly messageId: string; readonly back: Deferred.Deferred<void> } | undefined

  const feed = feeds.tap(channel, probeNamespace, (entries) => {
    for (const { publication } of entries) {
      if (publication.messageId !== awaited?.messageId) continue
      Deferred.doneUnsafe(awaited.back, Effect.void)
    }
  })

  const publish = (messageId: string): Effect.Effect<unknown, Failure> =>
    routers.publish({
      channel,
      publisher: node,
      messageId,
      key: "",
      contentType: "text/plain",
      data: new Uint8Array()
    })

  const probe = Effect.fnUntraced(function* (messageId: string) {
    const back = yield* Deferred.make<void>()
    awaited = { messageId, back }
    // Published before the lane follows the channel, it would come back to nobody.
    if (feed.position === undefined) yield* placed(feed)
    yield* publish(messageId).pipe(
      Effect.tapCause((cause) =>
        Effect.logDebug("a probe was not taken", { why: failureOf(cause).message })
      ),
      Effect.retry(retrying)
    )
    yield* Deferred.await(back)
  })

  yield* readiness.set(part, false)
  const run = Effect.gen(function* () {
    let misses = 0
    while (true) {
      const begunAt = yield* Clock.currentTimeMillis
      // The time makes it unique over restarts, too: the dedupe window outlives us.
      const back = yield* Effect.timeoutOption(probe(`${begunAt}`), deadline)
      probes(back._tag === "Some" ? "back" : "lost").add()
      if (back._tag === "Some") {
        misses = 0
        yield* readiness.set(part, true)
        yield* Deferred.succeed(first, undefined)
      } else if (++misses === missesLimit) {
        yield* readiness.set(part, false)
        yield* Effect.logWarning("what is published does not come back", { probes: misses })
      }
      const spent = (yield* Clock.currentTimeMillis) - begunAt
      yield* Effect.sleep(Math.max(0, everyMs - spent))
    }
  })
  yield* Effect.forkScoped(run)
  return { firstBack: Deferred.await(first) }
})
