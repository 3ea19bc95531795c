/**
 * Router: owns channels. Orders what is published to them, keeps it, and hands it
 * to the connectors that are attached.
 *
 * Every verb may be asked of any router: what belongs to another owner is passed
 * on, or answered with `Moved`, which says where to ask.
 */
import { Cluster } from "@weir/cluster/Cluster"
import { namespaceOf } from "@weir/core/ChannelName"
import { type Failure, failure, failureOf } from "@weir/core/Failure"
import type { Namespaces } from "@weir/core/Namespace"
import type { Position } from "@weir/core/Position"
import type { Accepted, Message } from "@weir/core/Publication"
import { monotonicMs } from "@weir/flow/Monotonic"
import type { Resume } from "@weir/mesh/Attempt"
import { make as makeLines } from "@weir/mesh/PublishLines"
import { Routers } from "@weir/mesh/Routers"
import { Signal } from "@weir/proto/client/v1/client"
import type { ChannelPosition, HandoffRequest, ListOwnedRequest } from "@weir/proto/mesh/v1/router"
import {
  Cause,
  Clock,
  Context,
  Deferred,
  Effect,
  Exit,
  Layer,
  Queue,
  Schedule,
  type Scope
} from "effect"
import { make as makeReader } from "./ChannelReader.ts"
import * as Drains from "./Drains.ts"
import { Moved } from "./domain/Moved.ts"
import type { Page, PageLimits, Resumed } from "./domain/Page.ts"
import { Lane } from "./Lane.ts"
import * as Listing from "./Listing.ts"
import * as Beacons from "./loops/Beacons.ts"
import * as CatchUp from "./loops/CatchUp.ts"
import * as IdleSweep from "./loops/IdleSweep.ts"
import * as ShardKeeper from "./loops/ShardKeeper.ts"
import { type Answer, OwnedChannel } from "./OwnedChannel.ts"
import * as Ownership from "./Ownership.ts"
import { type From, LogStore } from "./ports/LogStore.ts"
import type { ShardRecords } from "./ports/ShardRecords.ts"
import { channels as channelsGauge, lanes as lanesGauge } from "./RouterMetrics.ts"
import type { Shard } from "./Shard.ts"

export class Router extends Context.Service<
  Router,
  {
    /** Appends the message, here or at its owner. It has been checked at a door. */
    readonly publish: (message: Message) => Effect.Effect<Accepted, Failure>
    /** The same for one of many, without a fiber; `resume` is called once, and maybe at once. */
    readonly enqueue: (message: Message, resume: Resume) => void
    /** Puts the message in its channel's line, in the order called, if the channel is ours. */
    readonly submit: (message: Message, answer: Answer) => void
    readonly resume: (
      channel: string,
      since: Position,
      limits: PageLimits
    ) => Effect.Effect<Resumed, Failure | Moved>
    readonly read: (
      channel: string,
      from: From,
      limits: PageLimits
    ) => Effect.Effect<Page, Failure | Moved>
    /** A lane that is served until the scope closes. */
    readonly openLane: (node: string) => Effect.Effect<Lane, never, Scope.Scope>
    readonly attach: (lane: Lane, wanted: ChannelPosition) => void
    readonly detach: (lane: Lane, channel: string) => void
    /** Puts an encoded signal on every lane of its channel, if that is ours. */
    readonly signal: (bytes: Uint8Array) => void
    /** Who has lanes to this router: connectors join no view. */
    readonly connectors: () => ReadonlySet<string>
    /** The channels that are held here, by name. */
    readonly list: (request: ListOwnedRequest) => ReturnType<typeof Listing.list>
    /** Another router hands shards to this one. */
    readonly receive: (request: HandoffRequest) => Effect.Effect<void, Failure>
    /** Gives every shard to who is next, and waits until that is done, for a while. */
    readonly handOverAll: Effect.Effect<void>
    /** The log may not be what it was: looks at every channel that it could have lost something of. */
    readonly checkLogs: Effect.Effect<void>
    /** Lets go of channels that nobody uses, and in the others of what is too old. */
    readonly forgetIdle: Effect.Effect<void>
  }
>()("weir/router/Router") {}

/** All shards of a router on their way to others; then it ends all the same. */
const handOverPatience = "3 seconds"

/** Of one channel: four streams' worth, and as many as wait for one append. */
const maxUndecided = 2_048

export interface RouterOptions {
  readonly node: string
  readonly namespaces: Namespaces
}

export const make = Effect.fnUntraced(function* ({
  namespaces,
  node
}: RouterOptions): Effect.fn.Return<
  Router["Service"],
  never,
  Cluster | LogStore | Routers | ShardRecords | Scope.Scope
> {
  const cluster = yield* Cluster
  const logs = yield* LogStore
  const routers = yield* Routers
  const clock = yield* Clock.Clock
  const wakes = yield* Queue.sliding<void>(1)
  const beacons = new Beacons.Beacons()
  const lanes = new Set<Lane>()

  const drains: Drains.Drains = yield* Drains.make(() => ({
    ...ownership,
    delivered: (channel) => beacons.delivered(channel)
  }))
  const startDrain = drains.start

  const ownership = yield* Ownership.make({
    node,
    namespaces,
    cluster,
    startDrain,
    tell: routers.handoff,
    wake: () => Queue.offerUnsafe(wakes, undefined)
  })
  const { shards } = ownership
  const reader = yield* makeReader(ownership, startDrain)

  const channelOf = (shard: Shard, name: string): OwnedChannel | undefined => {
    const held = shards.channelsOf(shard)
    const known = held.get(name)
    const now = monotonicMs(clock)
    if (known !== undefined) {
      known.usedAt = now
      return known
    }
    const namespace = namespaces.get(namespaceOf(name))
    if (namespace === undefined) return undefined
    const channel = new OwnedChannel(name, namespace, shard, now)
    held.set(name, channel)
    channelsGauge.add(1)
    return channel
  }

  const unknownNamespace = (channel: string) =>
    failure("unknown_namespace", `channel: no namespace "${namespaceOf(channel)}"`)

  /** To read begins a log, so that the channel must be known to those that end it. */
  const where = (name: string): Effect.Effect<OwnedChannel, Failure | Moved> => {
    const shard = shards.of(name)
    if (!ownership.isOurs(shard)) return Effect.fail(ownership.moved(shard))
    const channel = channelOf(shard, name)
    return channel === undefined ? Effect.fail(unknownNamespace(name)) : Effect.succeed(channel)
  }

  const submit = (message: Message, answer: Answer) => {
    const shard = shards.of(message.channel)
    if (!ownership.isOurs(shard)) return answer(Exit.fail(ownership.moved(shard)))
    const channel = channelOf(shard, message.channel)
    if (channel === undefined) return answer(Exit.fail(unknownNamespace(message.channel)))
    const refused = channel.submit({ message, answer })
    if (refused !== undefined) return answer(Exit.fail(refused))
    startDrain(channel)
  }

  const isOwner = (channel: string) => cluster.ownerOf("router", channel)?.name === node

  const { publish, submit: enqueue } = yield* makeLines({
    capacity: maxUndecided,
    ownerOf: (channel) => cluster.ownerOf("router", channel)?.name,
    attempt: (message, attempt, answer) =>
      isOwner(message.channel)
        ? submit(message, (exit) => answer(outcomeOf(exit)))
        : routers.forward(message, attempt, answer)
  })

  const detach = (lane: Lane, name: string) => {
    lane.unfollow(name)
    shards.channel(name)?.lanes.delete(lane)
  }

  yield* ShardKeeper.run({ node, cluster, ownership, wakes }).pipe(
    Effect.tapCause((cause) =>
      Cause.hasInterruptsOnly(cause) ? Effect.void : Effect.logError("shards are not kept", cause)
    ),
    Effect.forkScoped
  )
  yield* Effect.forkScoped(Beacons.run(beacons))

  return {
    submit,
    publish,
    enqueue,
    resume: (name, since, limits) =>
      Effect.flatMap(where(name), (channel) => reader.resume(channel, since, limits)),
    read: (name, from, limits) =>
      Effect.flatMap(where(name), (channel) => reader.read(channel, from, limits)),
    openLane: Effect.fnUntraced(function* (connector) {
      const behind = {
        logged: yield* Queue.sliding<void>(1),
        unlogged: yield* Queue.sliding<void>(1)
      }
      const wakeCatchUp = () => {
        for (const kind of CatchUp.kinds) Queue.offerUnsafe(behind[kind], undefined)
      }
      const lane = new Lane(connector, wakeCatchUp)
      yield* Effect.acquireRelease(
        Effect.sync(() => {
          lanesGauge.add(1)
          lanes.add(lane)
        }),
        () =>
          Effect.sync(() => {
            lanesGauge.add(-1)
            lanes.delete(lane)
            for (const name of [...lane.channels]) detach(lane, name)
            lane.close()
          })
      )
      const find = (name: string) => shards.channel(name)
      const caughtUp = CatchUp.kinds.map((kind) =>
        CatchUp.run(lane, kind, behind[kind], find, reader)
      )
      yield* Effect.all(caughtUp, { concurrency: "unbounded", discard: true }).pipe(
        Effect.tapCause((cause) =>
          Cause.hasInterruptsOnly(cause)
            ? Effect.void
            : Effect.andThen(
                Effect.logError("a lane's reader died; ending the lane", cause),
                Deferred.fail(lane.died, failure("unavailable", "the lane has ended"))
              )
        ),
        Effect.forkScoped
      )
      return lane
    }),
    attach: (lane, { attach, channel: name, since }) => {
      const shard = shards.of(name)
      // On its way elsewhere it is told so with all the others, behind what is still in flight.
      const isLeaving = shard.state === "sealed"
      if (!isLeaving && !ownership.isOurs(shard)) return lane.pushMoved(ownership.moved(shard))
      const channel = channelOf(shard, name)
      if (channel === undefined) return lane.pushRefused(name, attach, unknownNamespace(name))
      channel.lanes.add(lane)
      lane.follow(name, attach, since)
    },
    detach,
    signal: (bytes) => {
      const { channel } = Signal.decode(bytes)
      for (const lane of shards.channel(channel)?.lanes ?? []) lane.pushSignal(channel, bytes)
    },
    connectors: () => new Set([...lanes].map((it) => it.node)),
    list: (request) => Listing.list(shards, request),
    receive: ownership.receive,
    handOverAll: Effect.suspend(() =>
      shards.all.some(
        ({ id, state }) =>
          state === "sealed" ||
          (state === "owned" && (cluster.assignment("router").owners[id]?.name ?? node) !== node)
      )
        ? Effect.fail("not yet" as const)
        : Effect.void
    ).pipe(
      Effect.retry(Schedule.spaced("10 millis")),
      Effect.timeoutOption(handOverPatience),
      Effect.ignore
    ),
    checkLogs: Effect.sync(() => {
      for (const channel of shards.channels()) {
        if (channel.recent === undefined) continue
        if (channel.recent.isEmpty && !channel.isDoubtful) continue
        channel.doubt()
        startDrain(channel)
      }
    }),
    forgetIdle: Effect.provideService(IdleSweep.sweep(ownership), LogStore, logs)
  }
})

/** How one attempt to publish here ended. */
export type Decided =
  | { readonly _tag: "Accepted"; readonly accepted: Accepted }
  | { readonly _tag: "Failed"; readonly failure: Failure }
  | { readonly _tag: "Moved"; readonly moved: Moved }

export const outcomeOf = (exit: Exit.Exit<Accepted, Failure | Moved>): Decided => {
  if (Exit.isSuccess(exit)) return { _tag: "Accepted", accepted: exit.value }
  const refused = exit.cause.reasons.find(Cause.isFailReason)?.error
  if (refused instanceof Moved) return { _tag: "Moved", moved: refused }
  return { _tag: "Failed", failure: refused ?? failureOf(exit.cause as Cause.Cause<Failure>) }
}

export const layer = (options: RouterOptions) => Layer.effect(Router, make(options))
