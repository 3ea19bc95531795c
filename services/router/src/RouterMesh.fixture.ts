/**
 * RouterMesh: routers of one process that share a log, the records of the shards
 * and a view, and reach one another by direct calls. All of it can be made to fail.
 */
import { Cluster, fromViews } from "@weir/cluster/Cluster"
import type { Node, View } from "@weir/cluster/View"
import type { Failure } from "@weir/core/Failure"
import type { Position } from "@weir/core/Position"
import type { Accepted, Message } from "@weir/core/Publication"
import { Routers } from "@weir/mesh/Routers"
import type { LaneItem } from "@weir/proto/mesh/v1/router"
import { decodePublication, type EncodedPublication } from "@weir/wire/Publications"
import { Effect, Exit, Fiber, Layer, Queue, Random, Scope, SubscriptionRef } from "effect"
import type { Moved } from "./domain/Moved.ts"
import { takeItems } from "./Lane.fixture.ts"
import type { Lane } from "./Lane.ts"
import { LogStore } from "./ports/LogStore.ts"
import { ShardRecords } from "./ports/ShardRecords.ts"
import { make as makeRouter, outcomeOf, type Router } from "./Router.ts"
import { RefusedAttempts } from "./rpc/RefusedAttempts.ts"
import { chat, live, SharedStore, unavailable } from "./SharedStore.fixture.ts"

/** Pauses are then whole milliseconds: the clock of a test counts in nothing finer. */
const evenly = { nextIntUnsafe: () => 0, nextDoubleUnsafe: () => 0 }

export interface MeshRouter {
  readonly name: string
  readonly router: Router["Service"]
  /** What this router believes. */
  readonly view: SubscriptionRef.SubscriptionRef<View>
  /** Who owns a channel by that view. */
  readonly ownerOf: (channel: string) => Node | undefined
  heartbeatAge: number
}

/** A name with a minus before it is of a router that drains: it can be reached, and owns nothing. */
export const nodeOf = (wanted: string): Node => {
  const name = wanted.replace("-", "")
  return { name, role: "router", incarnation: 1, mesh: name, draining: name !== wanted }
}

export const viewOf = (version: number, ...names: ReadonlyArray<string>): View => ({
  version,
  nodes: names.map(nodeOf)
})

export interface MeshOptions {
  readonly store?: SharedStore
  /** A handoff that is not passed on. */
  readonly isHandoffLost?: () => boolean
  /** How long a publication takes from one router to another, and its answer back. */
  readonly latency?: Effect.Effect<void>
}

export interface RouterMesh {
  readonly store: SharedStore
  readonly routers: Map<string, MeshRouter>
  /** A router that believes this view, until the scope closes. */
  readonly start: (name: string, view: View) => Effect.Effect<MeshRouter, never, Scope.Scope>
  /** All routers learn of a view. */
  readonly tell: (view: View) => Effect.Effect<void>
}

/** A line between two routers that keeps the order, both ways. */
const makeLink = Effect.fnUntraced(function* (latency: Effect.Effect<void>) {
  const steps = yield* Queue.unbounded<() => void>()
  yield* Queue.take(steps).pipe(
    Effect.tap(latency),
    Effect.flatMap((step) => Effect.sync(step)),
    Effect.forever,
    Effect.forkScoped
  )
  return (step: () => void) => void Queue.offerUnsafe(steps, step)
})

export const makeMesh = Effect.fnUntraced(function* ({
  isHandoffLost = () => false,
  latency = Effect.void,
  store = new SharedStore()
}: MeshOptions = {}): Effect.fn.Return<RouterMesh> {
  const routers = new Map<string, MeshRouter>()

  const reach = Effect.fnUntraced(function* (cluster: Cluster["Service"]) {
    const scope = yield* Effect.scope
    const links = new Map<
      string,
      { readonly there: (step: () => void) => void; readonly back: (step: () => void) => void }
    >()
    const refused = new Map<string, RefusedAttempts>()
    const linkTo = (name: string) => {
      const known = links.get(name)
      if (known !== undefined) return known
      const link = Effect.runSync(
        Effect.all({ there: makeLink(latency), back: makeLink(latency) }).pipe(
          Effect.provideService(Scope.Scope, scope)
        )
      )
      links.set(name, link)
      refused.set(name, new RefusedAttempts())
      return link
    }
    return Routers.of({
      publish: () => Effect.die("not used by a router"),
      read: () => Effect.die("not used by a router"),
      attach: () => Effect.die("not used by a router"),
      listOwned: (address, request) =>
        Effect.suspend(
          () => routers.get(address)?.router.list(request) ?? Effect.fail(unavailable)
        ),
      handoff: (address, request) =>
        Effect.suspend(() => {
          const successor = routers.get(address)
          if (successor === undefined || isHandoffLost()) return Effect.fail(unavailable)
          return successor.router.receive(request)
        }),
      forward: (message, attempt, answer) => {
        const owner = cluster.ownerOf("router", message.channel)?.name
        const target = owner === undefined ? undefined : routers.get(owner)
        if (target === undefined) return answer({ _tag: "Moved" })
        const { back, there } = linkTo(target.name)
        const attempts = refused.get(target.name)!
        const reply = (exit: Exit.Exit<Accepted, Failure | Moved>) => {
          if (Exit.isFailure(exit)) attempts.refuse(message.channel, attempt, exit)
          back(() => answer(outcomeOf(exit)))
        }
        there(() => {
          const known = attempts.find(message.channel, attempt)
          if (known !== undefined) reply(known)
          else target.router.submit(message, reply)
        })
      }
    })
  })

  return {
    store,
    routers,
    start: Effect.fnUntraced(function* (name, view) {
      const ref = yield* SubscriptionRef.make(view)
      const cluster = Cluster.of({
        ...fromViews(ref),
        saw: () => {},
        drain: Effect.void,
        watched: Effect.void,
        heartbeatAge: () => routers.get(name)?.heartbeatAge ?? 0,
        announce: () => Effect.void
      })
      const mesh = yield* reach(cluster)
      const namespaces = new Map([chat, live].map((it) => [it.name, it]))
      const router = yield* makeRouter({ node: name, namespaces }).pipe(
        Effect.provideService(Random.Random, evenly),
        Effect.provide(
          Layer.mergeAll(
            Layer.succeed(Cluster, cluster),
            Layer.succeed(LogStore, store.forRouter()),
            Layer.succeed(ShardRecords, store.shardRecords),
            Layer.succeed(Routers, mesh)
          )
        )
      )
      const started: MeshRouter = {
        name,
        router,
        view: ref,
        ownerOf: (channel) => cluster.ownerOf("router", channel),
        heartbeatAge: 0
      }
      routers.set(name, started)
      yield* Effect.addFinalizer(() => Effect.sync(() => routers.delete(name)))
      return started
    }),
    tell: (view) =>
      Effect.forEach([...routers.values()], (it) => SubscriptionRef.set(it.view, view), {
        discard: true
      })
  }
})

export const message = (messageId: string, channel = "chat:lobby", text = messageId): Message => ({
  channel,
  messageId,
  key: "",
  publisher: "ann",
  contentType: "text/plain",
  data: new TextEncoder().encode(text)
})

export const textOf = ({ publication }: EncodedPublication) =>
  new TextDecoder().decode(publication.data)

/** An item as words: what it says of positions, and which message it is. */
export const show = ({ item }: LaneItem): string => {
  switch (item?.$case) {
    case "publication": {
      const entry = decodePublication(item.value)
      return `${textOf(entry)} at ${entry.publication.position.offset}`
    }
    case "gap":
      return `gap ${item.value.reason} to ${item.value.position?.offset}`
    case "attached": {
      const { position, reason, recovered } = item.value
      return `attached at ${position?.offset}${recovered ? "" : ` ${reason}`}`
    }
    case "beacon":
      return `beacon ${item.value.position?.offset}`
    case "moved":
      return `moved to ${item.value.owner}`
    default:
      return String(item?.$case)
  }
}

/** Lets every fiber run that does not wait for time. */
export const settled = Effect.forEach(Array.from({ length: 50 }), () => Effect.yieldNow, {
  discard: true
})

/** What is on the lane now, without waiting for time. */
export const itemsOf = Effect.fnUntraced(function* (lane: Lane) {
  yield* settled
  const taken = yield* Effect.forkChild(takeItems(lane, 100_000), { startImmediately: true })
  yield* settled
  const exit = taken.pollUnsafe()
  if (exit !== undefined && Exit.isSuccess(exit)) return exit.value
  yield* Fiber.interrupt(taken)
  return []
})

/** The items of the lane as words. */
export const shown = (lane: Lane) => Effect.map(itemsOf(lane), (items) => items.map(show))

/** A lane that follows a channel, with credit for everything. */
export const follow = Effect.fnUntraced(function* (
  { router }: MeshRouter,
  channel: string,
  since?: Position
) {
  const lane = yield* router.openLane("connector-1")
  lane.grant(1e9)
  router.attach(lane, { channel, since, attach: 1 })
  yield* settled
  return lane
})
