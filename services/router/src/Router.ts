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
import { Routers } from "@weir/mesh/Routers"
import type { LaneItem } from "@weir/proto/mesh/v1/router"
import { Clock, Context, Effect, Exit, FiberSet, Layer, Queue, type Scope } from "effect"
import { Lane } from "./Lane.ts"
import * as CatchUp from "./loops/CatchUp.ts"
import { OwnedChannel } from "./OwnedChannel.ts"
import { type From, LogStore, type Page } from "./ports/LogStore.ts"
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
      limit: number
    ) => Effect.Effect<Page & { readonly recovered: boolean; readonly reason: string }, Failure>
    readonly read: (channel: string, from: From, limit: number) => Effect.Effect<Page, Failure>
    /** A lane that is served until the scope closes. */
    readonly openLane: (node: string) => Effect.Effect<Lane, never, Scope.Scope>
    readonly attach: (lane: Lane, channel: string, since: Position | undefined) => void
    readonly detach: (lane: Lane, channel: string) => void
    /** Lets go of channels that nobody uses. */
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

  const where = (channel: string) => {
    const namespace = namespaces.get(namespaceOf(channel))
    return namespace === undefined
      ? Effect.fail(unknownNamespace(channel))
      : Effect.succeed({ channel, namespace })
  }

  const startDrain = (channel: OwnedChannel) => {
    if (channel.appending) return
    channel.appending = true
    run(
      Sequencer.drain(channel, term).pipe(
        Effect.exit,
        Effect.tap((exit) =>
          Exit.isFailure(exit) ? Effect.logError("a sequencer died", exit.cause) : Effect.void
        ),
        Effect.map((exit) => {
          channel.appending = false
          if (Exit.isSuccess(exit)) {
            // One may have come after the last look, before the flag fell.
            if (channel.hasPending) startDrain(channel)
            return
          }
          for (const { answer } of channel.takeAll()) {
            answer(Exit.fail(failure("unavailable", "the owner is stopping")))
          }
        })
      )
    )
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
        ? Effect.callback((resume) => submit(message, resume))
        : routers.publish(message),
    resume: Effect.fnUntraced(function* (channel, since, limit) {
      const { verdict, ...page } = yield* logs.resume(yield* where(channel), since, limit)
      return { ...page, recovered: verdict.recovered, reason: verdict.reason ?? "" }
    }),
    read: Effect.fnUntraced(function* (channel, from, limit) {
      return yield* logs.read(yield* where(channel), from, limit)
    }),
    openLane: Effect.fnUntraced(function* (connector) {
      // Both are bounded from outside: the items by the lane's credit and its
      // followers, the wakes by their one place.
      const outgoing = yield* Queue.unbounded<LaneItem>()
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
        Effect.forkScoped
      )
      return lane
    }),
    attach: (lane, name, since) => {
      const channel = channelOf(name)
      if (channel === undefined) return lane.pushRefused(name, unknownNamespace(name))
      channel.lanes.add(lane)
      lane.follow(name, since)
    },
    detach,
    forgetIdle: Effect.gen(function* () {
      const now = yield* Clock.currentTimeMillis
      for (const channel of channels.values()) {
        const busy = channel.lanes.size > 0 || channel.hasPending || channel.appending
        if (busy || now - channel.usedAt < idleMs) continue
        if (!(yield* logs.forget(channel.name))) continue
        if (channels.delete(channel.name)) channelsGauge.add(-1)
      }
    })
  }
})

export const layer = (options: Parameters<typeof make>[0]) => Layer.effect(Router, make(options))
