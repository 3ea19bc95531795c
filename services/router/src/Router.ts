/**
 * Router: owns channels. Orders what is published to them, keeps it, and hands it
 * to the connectors that are attached.
 *
 * Every verb may be asked of any router: what belongs to another owner is passed
 * on, except by lanes, whose connectors are told to look again.
 */

import { Cluster } from "@weir/cluster/Cluster"
import { namespaceOf } from "@weir/core/ChannelName"
import { type Failure, failure } from "@weir/core/Failure"
import type { Namespaces } from "@weir/core/Namespace"
import type { Position } from "@weir/core/Position"
import type { Accepted, Message } from "@weir/core/Publication"
import { publishDeadline, Routers } from "@weir/mesh/Routers"
import type { ChannelPosition, LaneItem } from "@weir/proto/mesh/v1/router"
import { Cause, Clock, Context, Effect, Exit, FiberSet, Layer, Queue, type Scope } from "effect"
import { Lane } from "./Lane.ts"
import * as CatchUp from "./loops/CatchUp.ts"
import { OwnedChannel } from "./OwnedChannel.ts"
import { type From, LogStore, type Page, type PageLimits } from "./ports/LogStore.ts"
import { channels as channelsGauge, lanes as lanesGauge } from "./RouterMetrics.ts"
import * as Sequencer from "./Sequencer.ts"

export type Answer = (result: Exit.Exit<Accepted, Failure>) => void

export class Router extends Context.Service<
  Router,
  {
    /** Appends the message, here or at its owner. It has been checked at a door. */
    readonly publish: (message: Message) => Effect.Effect<Accepted, Failure>
    /** Puts the message in its channel's line, in the order called; this node must own it. */
    readonly submit: (message: Message, answer: Answer) => void
    readonly owns: (channel: string) => boolean
    readonly resume: (
      channel: string,
      since: Position,
      limits: PageLimits
    ) => Effect.Effect<Page & { readonly recovered: boolean; readonly reason: string }, Failure>
    readonly read: (channel: string, from: From, limits: PageLimits) => Effect.Effect<Page, Failure>
    /** A lane that is served until the scope closes. */
    readonly openLane: (node: string) => Effect.Effect<Lane, never, Scope.Scope>
    readonly attach: (lane: Lane, wanted: ChannelPosition) => void
    readonly detach: (lane: Lane, channel: string) => void
    /** Lets go of channels that nobody uses, and in the others of what is too old. */
    readonly forgetIdle: Effect.Effect<void>
  }
>()("weir/router/Router") {}

/** Long enough that a client which lost its network for a while finds its epoch again. */
const idleMs = 10 * 60 * 1000

export const make = Effect.fnUntraced(function* (options: {
  readonly node: string
  readonly term: number
  readonly namespaces: Namespaces
}): Effect.fn.Return<Router["Service"], never, Cluster | LogStore | Routers | Scope.Scope> {
  const { namespaces, node, term } = options
  const cluster = yield* Cluster
  const logs = yield* LogStore
  const routers = yield* Routers
  const clock = yield* Clock.Clock
  const run = yield* FiberSet.makeRuntime<LogStore, void, never>()
  const channels = new Map<string, OwnedChannel>()

  const owns = (channel: string) => cluster.ownerOf("router", channel)?.name === node

  const channelOf = (name: string): OwnedChannel | undefined => {
    const known = channels.get(name)
    const now = clock.currentTimeMillisUnsafe()
    if (known !== undefined) {
      known.usedAt = now
      return known
    }
    const namespace = namespaces.get(namespaceOf(name))
    if (namespace === undefined) return undefined
    const channel = new OwnedChannel(name, namespace, now)
    channels.set(name, channel)
    channelsGauge.add(1)
    return channel
  }

  const unknownNamespace = (channel: string) =>
    failure("unknown_namespace", `channel: no namespace "${namespaceOf(channel)}"`)

  /** To read begins a log, so that the channel must be known to those that end it. */
  const where = (name: string) => {
    const channel = channelOf(name)
    return channel === undefined
      ? Effect.fail(unknownNamespace(name))
      : Effect.succeed({ channel: name, namespace: channel.namespace })
  }

  const startDrain = (channel: OwnedChannel) => {
    if (channel.appending) return
    channel.appending = true
    run(Sequencer.drain(channel, term)).addObserver((exit) => {
      channel.appending = false
      // Ended before it began, which is how it goes once we stop, it has answered nobody.
      if (Exit.isFailure(exit)) return Sequencer.refuse(channel, [], exit.cause)
      // One may have come after the last look, before the flag fell.
      if (channel.hasPending) startDrain(channel)
    })
  }

  const submit = (message: Message, answer: Answer) => {
    const channel = channelOf(message.channel)
    if (channel === undefined) return answer(Exit.fail(unknownNamespace(message.channel)))
    const refused = channel.submit({ message, answer })
    if (refused !== undefined) return answer(Exit.fail(refused))
    startDrain(channel)
  }

  const detach = (lane: Lane, name: string) => {
    lane.unfollow(name)
    channels.get(name)?.lanes.delete(lane)
  }

  return {
    owns,
    submit,
    publish: (message) =>
      owns(message.channel)
        ? Effect.callback<Accepted, Failure>((resume) => submit(message, resume)).pipe(
            Effect.timeoutOrElse({
              duration: publishDeadline,
              orElse: () => Effect.fail(failure("timeout", "no answer from the channel's log"))
            })
          )
        : routers.publish(message),
    resume: Effect.fnUntraced(function* (channel, since, limits) {
      const { verdict, ...page } = yield* logs.resume(yield* where(channel), since, limits)
      return { ...page, recovered: verdict.recovered, reason: verdict.reason ?? "" }
    }),
    read: Effect.fnUntraced(function* (channel, from, limits) {
      return yield* logs.read(yield* where(channel), from, limits)
    }),
    openLane: Effect.fnUntraced(function* (connector) {
      // Both are bounded from outside: the items by the lane's credit and its
      // followers, the wakes by their one place.
      const outgoing = yield* Queue.unbounded<LaneItem, Failure>()
      const wakes = yield* Queue.sliding<void>(1)
      const lane = yield* Effect.acquireRelease(
        Effect.sync(() => {
          lanesGauge.add(1)
          return new Lane(connector, outgoing, () => Queue.offerUnsafe(wakes, undefined))
        }),
        (it) =>
          Effect.sync(() => {
            lanesGauge.add(-1)
            for (const name of [...it.channels]) detach(it, name)
            it.close()
          })
      )
      yield* CatchUp.run(lane, wakes, channelOf).pipe(
        Effect.provideService(LogStore, logs),
        Effect.tapCause((cause) =>
          Cause.hasInterruptsOnly(cause)
            ? Effect.void
            : Effect.andThen(
                Effect.logError("a lane's reader died; ending the lane", cause),
                // The connector opens it again, and names every channel with its position.
                Queue.fail(outgoing, failure("unavailable", "the lane has ended"))
              )
        ),
        Effect.forkScoped
      )
      return lane
    }),
    attach: (lane, { attach, channel: name, since }) => {
      const channel = channelOf(name)
      if (channel === undefined) return lane.pushRefused(name, attach, unknownNamespace(name))
      channel.lanes.add(lane)
      lane.follow(name, attach, since)
    },
    detach,
    forgetIdle: Effect.gen(function* () {
      const now = yield* Clock.currentTimeMillis
      // A copy: one that is put back must not come round again.
      for (const channel of [...channels.values()]) {
        const { name } = channel
        const busy = channel.lanes.size > 0 || channel.hasPending || channel.appending
        if (busy || now - channel.usedAt < idleMs) {
          yield* logs.trim(name)
          continue
        }
        // Gone before the log is asked: whoever comes meanwhile makes a channel that stays.
        channels.delete(name)
        channelsGauge.add(-1)
        if ((yield* logs.forget(name)) || channels.has(name)) continue
        channels.set(name, channel)
        channelsGauge.add(1)
      }
    })
  }
})

export const layer = (options: Parameters<typeof make>[0]) => Layer.effect(Router, make(options))
