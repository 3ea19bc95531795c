/**
 * FakeRouters.fixture: routers that say what a test has them say, and a view that it changes.
 *
 * Only the peers are made up: what stands on the connector's side of a lane is the real thing.
 */
import { Cluster, fromViews } from "@weir/cluster/Cluster"
import { emptyView, type Node, type View, withNode, withoutNode } from "@weir/cluster/View"
import { shardOf } from "@weir/core/ChannelName"
import { type Failure, failure } from "@weir/core/Failure"
import { makeNamespace, type NamespaceOptions } from "@weir/core/Namespace"
import type { Position } from "@weir/core/Position"
import type { Message } from "@weir/core/Publication"
import { Routers } from "@weir/mesh/Routers"
import {
  type AttachRequest,
  AttachResponse,
  type ChannelPosition,
  type LaneItem
} from "@weir/proto/mesh/v1/router"
import { encodePublication } from "@weir/wire/Publications"
import { type Cause, Effect, Layer, Queue, Stream, SubscriptionRef } from "effect"
import { TestClock } from "effect/testing"
import { makeClient } from "./Client.fixture.ts"
import { recentLimits } from "./Connection.fixture.ts"
import { Feeds } from "./Feeds.ts"
import { Flusher } from "./Flusher.ts"
import * as Lanes from "./loops/Lanes.ts"

type Item = NonNullable<LaneItem["item"]>

export const router = (n: number): Node => ({
  name: `router-${n}`,
  role: "router",
  incarnation: 1,
  mesh: `mesh-of-router-${n}`,
  draining: false
})

export const at = (offset: number, term = 1, epoch = "e1"): Position => ({ epoch, term, offset })

/** One lane as its router sees it. */
class FakeLane {
  readonly attaches: Array<ChannelPosition & { readonly view: number }> = []
  readonly detached: Array<string> = []
  readonly inbound: Queue.Queue<AttachResponse, Failure | Cause.Done>

  constructor(inbound: Queue.Queue<AttachResponse, Failure | Cause.Done>) {
    this.inbound = inbound
  }

  hear({ message }: AttachRequest): void {
    if (message?.$case === "detach") this.detached.push(...message.value.channels)
    if (message?.$case !== "attach") return
    const { channels, view } = message.value
    this.attaches.push(...channels.map((it) => ({ ...it, view })))
  }

  give(...items: ReadonlyArray<Item>): void {
    Queue.offerUnsafe(this.inbound, { items: items.map((item) => ({ item })) })
  }

  /** Answers the newest attach. */
  accept(position: Position, recovered = true, reason = ""): void {
    const { attach, channel } = this.attaches.at(-1)!
    this.give({ $case: "attached", value: { channel, attach, position, recovered, reason } })
  }

  end(): void {
    Queue.endUnsafe(this.inbound)
  }

  refuse(retryAfterMs: number): void {
    const { attach, channel } = this.attaches.at(-1)!
    const failure = { code: "unavailable", message: "not now", retryAfterMs }
    this.give({ $case: "refused", value: { channel, attach, failure } })
  }
}

/** Lets everything run that has something to do at this time. */
export const settle = Effect.gen(function* () {
  for (let turn = 0; turn < 20; turn++) {
    yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
  }
})

/** Lets time pass; pauses are kept in steps of 20 ms. */
export const pass = Effect.fnUntraced(function* (millis: number) {
  for (let passed = 0; passed < millis; passed += 20) {
    yield* TestClock.adjust("20 millis")
    yield* settle
  }
})

export const publication = (channel: string, position: Position, messageId = ""): Item => ({
  $case: "publication",
  value: encodePublication({
    channel,
    position,
    messageId,
    key: "",
    publisher: "ann",
    publishedAt: 0,
    contentType: "",
    data: new TextEncoder().encode("1")
  }).bytes
})

/** A mesh of fake routers, and the view that the connector has of it. */
export const makeFakeMesh = Effect.fnUntraced(function* (...routers: ReadonlyArray<number>) {
  const view = yield* SubscriptionRef.make<View>(
    routers.reduce((it, n) => withNode(it, router(n)), emptyView)
  )
  const saw: Array<number> = []
  const cluster = Cluster.of({
    ...fromViews(view),
    saw: (version) => void saw.push(version),
    announce: () => Effect.void,
    drain: Effect.void,
    watched: Effect.void,
    heartbeatAge: () => 0
  })
  const lanes = new Map<string, FakeLane>()
  const published: Array<Message> = []
  let refusesPublishes = false
  const peers = Routers.of({
    publish: (message) =>
      Effect.suspend(() => {
        if (refusesPublishes) return Effect.fail(failure("unavailable", "not now"))
        published.push(message)
        return Effect.succeed({ position: at(0), duplicate: false })
      }),
    read: () => Effect.never,
    forward: () => () => true,
    handoff: () => Effect.never,
    listOwned: () => Effect.never,
    attach: Effect.fnUntraced(function* (address) {
      const lane = new FakeLane(yield* Queue.unbounded<AttachResponse, Failure | Cause.Done>())
      return {
        receive: (onMessage) =>
          Stream.runForEach(Stream.fromQueue(lane.inbound), (message) =>
            Effect.sync(() => onMessage(Buffer.from(AttachResponse.encode(message).finish())))
          ),
        writeAll: (messages) =>
          Effect.sync(() => {
            for (const { message } of messages) {
              if (message?.$case === "hello") lanes.set(`${address} ${message.value.lane}`, lane)
              lane.hear({ message })
            }
          })
      }
    })
  })
  const change = (f: (view: View) => View) =>
    Effect.andThen(SubscriptionRef.update(view, f), settle)
  return {
    saw,
    published,
    refusePublishes: (refuses: boolean) => {
      refusesPublishes = refuses
    },
    version: () => cluster.view().version,
    owner: (channel: string) => cluster.ownerOf("router", channel)?.name,
    /** The lane of a router that the channel belongs on. */
    lane: (n: number, channel: string) => lanes.get(`${router(n).mesh} ${shardOf(channel) % 4}`)!,
    come: (n: number) => change((it) => withNode(it, router(n))),
    drain: (n: number) => change((it) => withNode(it, { ...router(n), draining: true })),
    go: (n: number) => change((it) => withoutNode(it, router(n).name)),
    layer: Layer.merge(Layer.succeed(Cluster, cluster), Layer.succeed(Routers, peers))
  }
})

/** A channel that router 1 owns alone, and router `to` once it is there, too. */
export const channelMovingTo = Effect.fnUntraced(function* (to: number) {
  const both = yield* makeFakeMesh(1, to)
  for (let n = 0; ; n++) {
    const channel = `live:room-${n}`
    if (both.owner(channel) === router(to).name) return channel
  }
})

/**
 * A client of a connector in a mesh where router 1 owns a channel that would move to
 * router 2, attached there after the offset 5.
 */
export const makeSubscriber = Effect.fnUntraced(function* (
  options: typeof NamespaceOptions.Type = {}
) {
  const mesh = yield* makeFakeMesh(1)
  const channel = yield* channelMovingTo(2)
  const feeds = new Feeds(recentLimits)
  const flusher = new Flusher()
  yield* Effect.forkScoped(flusher.run)
  yield* Effect.provide(Lanes.make({ node: "connector-1", feeds, flusher }), mesh.layer)
  yield* settle
  const client = makeClient(channel)
  const feed = feeds.join(client.subscription, makeNamespace("live", options))
  yield* settle
  const lane = (n: number) => mesh.lane(n, channel)
  lane(1).accept(at(5))
  yield* settle
  feed.place(client.subscription, at(5))
  return { mesh, channel, feeds, feed, client, lane, received: client.received }
})
