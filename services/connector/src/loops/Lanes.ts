/**
 * Lanes: this connector's streams to the routers.
 *
 * Each router has several lanes and a channel has its own by its shard, so that one
 * hot channel fills one lane. A lane that is opened again names every channel
 * with the last position passed on, and the owner judges that as a resume.
 */
import { Cluster } from "@weir/cluster/Cluster"
import type { Node } from "@weir/cluster/View"
import { type Failure, failure } from "@weir/core/Failure"
import { Routers } from "@weir/mesh/Routers"
import type { AttachRequest } from "@weir/proto/mesh/v1/router"
import { Clock, Deferred, Effect, Exit, Latch, Queue } from "effect"
import { lanesPerRouter, type OpenLane } from "../Attachment.ts"
import { Attachments } from "../Attachments.ts"
import { signalsDropped } from "../ConnectorMetrics.ts"
import type { Feeds } from "../Feeds.ts"
import type { Flusher } from "../Flusher.ts"
import * as LaneItems from "../LaneItems.ts"
import * as NodeLinks from "./NodeLinks.ts"

/** What a router may send before it hears from us again. */
const windowBytes = 1_048_576

/** Told in parts of a channel's share of it: that share would be used up before it hears. */
const returnedBytes = windowBytes / 8

/** Signals are for now: what finds so much waiting for a router before it is left out. */
const maxWaitingForSignal = 256

/** How finely pauses are kept; the shortest is this long. */
const dueTick = "20 millis"

export const make = Effect.fnUntraced(function* (options: {
  readonly node: string
  readonly feeds: Feeds
  readonly flusher: Flusher
}) {
  const { feeds, flusher, node } = options
  const cluster = yield* Cluster
  const routers = yield* Routers
  const clock = yield* Clock.Clock
  const somethingDue = yield* Latch.make()
  const attachments = new Attachments({
    ownership: {
      ownerOf: (shard) => cluster.assignment("router").owners[shard],
      nodes: () => cluster.view().nodes,
      viewVersion: () => cluster.view().version,
      saw: cluster.saw
    },
    nowMillis: () => clock.currentTimeMillisUnsafe(),
    wake: () => somethingDue.openUnsafe()
  })
  const receive = LaneItems.make(feeds, attachments)

  feeds.listen({
    wanted: (feed) => attachments.wanted(feed),
    unwanted: (channel) => attachments.unwanted(channel)
  })

  const session = Effect.fnUntraced(function* (router: Node, index: number) {
    const { receive: listen, writeAll } = yield* routers.attach(router.mesh)
    const outgoing = yield* Queue.unbounded<AttachRequest>()
    const send: OpenLane["send"] = (message) => Queue.offerUnsafe(outgoing, { message })
    const signal: OpenLane["signal"] = (value) => {
      if (Queue.sizeUnsafe(outgoing) >= maxWaitingForSignal) signalsDropped.add()
      else send({ $case: "signal", value })
    }
    const lane: OpenLane = { router, index, send, signal }

    send({
      $case: "hello",
      value: { node, incarnation: 0, lane: index, view: cluster.view().version }
    })
    send({ $case: "credit", value: { bytes: windowBytes } })
    yield* Effect.acquireRelease(
      Effect.sync(() => attachments.opened(lane)),
      () => Effect.sync(() => attachments.closed(lane))
    )

    // Bounded by the credit: what a router may send before it hears from us again.
    let arrived: Array<Uint8Array> = []
    let consumed = 0
    const takeIn = () => {
      const messages = arrived
      arrived = []
      consumed += receive(lane, messages)
      if (consumed < returnedBytes) return
      send({ $case: "credit", value: { bytes: consumed } })
      consumed = 0
    }
    const died = yield* Deferred.make<never>()
    const intake = () => {
      try {
        takeIn()
      } catch (defect) {
        Deferred.doneUnsafe(died, Exit.die(defect))
      }
    }
    const read = listen((message) => {
      if (arrived.length === 0) flusher.beforeFlush(intake)
      arrived.push(message)
    })
    const write = Queue.takeAll(outgoing).pipe(
      Effect.flatMap(writeAll),
      Effect.forever({ disableYield: true })
    )
    const ended: Effect.Effect<void, Failure> = Effect.fail(
      failure("unavailable", "the router ended the lane")
    )
    // What has arrived before the end is taken in before the lane counts as closed.
    const readAll = Effect.ensuring(read, Effect.sync(intake))
    yield* Effect.raceAllFirst([Effect.andThen(readAll, ended), write, Deferred.await(died)])
  })

  // One clock for all channels, and none while nothing waits: a failover pauses thousands.
  yield* somethingDue.await.pipe(
    Effect.andThen(Effect.sleep(dueTick)),
    Effect.andThen(
      Effect.sync(() => {
        if (!attachments.askDue()) somethingDue.closeUnsafe()
      })
    ),
    Effect.forever,
    Effect.forkScoped
  )
  yield* NodeLinks.run({
    role: "router",
    count: lanesPerRouter,
    session,
    onView: () => attachments.followView()
  }).pipe(Effect.forkScoped)

  return {
    /** Gives an encoded signal to the channel's owner; between two owners it is left out. */
    signal: (channel: string, bytes: Uint8Array): void => attachments.laneOf(channel)?.signal(bytes)
  }
})
