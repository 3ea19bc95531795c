/**
 * Presence: who is in which channel, as the connectors say.
 *
 * The connector that holds a session's connection is the source of truth. It
 * announces over one stream; what it announced stays for a grace after the
 * stream has ended, so that a connector that only lost its connection says it
 * all again and nobody else sees anything. All of this is soft state: after a
 * loss of this process the connectors' next streams bring it back.
 */
import { type Failure, failure } from "@weir/core/Failure"
import type { Member, PresenceChange } from "@weir/core/Member"
import { isSeat } from "@weir/core/Seat"
import type {
  AnnounceHello,
  GetRosterRequest,
  GetRosterResponse
} from "@weir/proto/mesh/v1/presence"
import { Cause, Context, Duration, Effect, Layer, type Scope } from "effect"
import { Announced } from "./domain/Announced.ts"
import { type Change, type Page, Roster } from "./domain/Roster.ts"
import * as Metrics from "./PresenceMetrics.ts"
import { Watcher } from "./Watcher.ts"

/**
 * How long the members of a lost stream stay, and how long the next one has to
 * say them again. A connector tries again at least every second, so it has
 * two tries; longer would show people who are gone.
 */
export const grace = Duration.seconds(2)

/**
 * Leaves between two turns of the event loop. A lost connector may have had
 * 100,000 members, and each leave costs a microsecond for every watcher.
 */
const sweepStep = 200

/** One connector's stream. Its verbs do nothing once it has ended or been replaced. */
export interface Announcer {
  readonly join: (channel: string, member: Member) => void
  readonly leave: (channel: string, memberId: string) => void
  /** Joins if there are fewer members than that, or it is one of them; false: there is no place. */
  readonly claim: (channel: string, member: Member, limit: number) => boolean
  /** From now on `changes` holds those of this channel, this connector's own among them. */
  readonly watch: (channel: string) => void
  readonly unwatch: (channel: string) => void
  /** The next batch; waits while there is none. Fails once a newer stream took this one's place. */
  readonly changes: Effect.Effect<Array<PresenceChange>, Failure>
}

export class Presence extends Context.Service<
  Presence,
  {
    /**
     * Replaces an older stream of the same node. Refuses, with `unavailable`, an
     * earlier life of a node whose later one is here or was until a grace ago.
     */
    readonly open: (hello: AnnounceHello) => Effect.Effect<Announcer, Failure, Scope.Scope>
    /** A page of the members of a channel, and how many there are; or only that. */
    readonly roster: (request: GetRosterRequest) => GetRosterResponse
  }
>()("weir/presence/Presence") {}

interface AnnounceStream {
  /** Grows with each stream of any connector. */
  readonly number: number
  readonly watcher: Watcher
  readonly watched: Set<string>
  isOpen: boolean
}

interface Connector {
  readonly node: string
  incarnation: number
  /** The one that speaks for it, or spoke for it last. */
  stream: AnnounceStream
  readonly announced: Announced
}

const replaced = failure("unavailable", "a newer stream of this node took the place of this one")
const ended = failure("unavailable", "the stream has ended")

const nobody = new Roster()
const noPage: Page = { members: [], next: "" }

const make = Effect.gen(function* () {
  const scope = yield* Effect.scope
  const connectors = new Map<string, Connector>()
  const rosters = new Map<string, Roster>()
  const watchers = new Map<string, Set<Watcher>>()
  let streams = 0

  const tell = (channel: string, change: Change): void => {
    for (const watcher of watchers.get(channel) ?? []) watcher.tell(channel, change)
  }

  const count = (channel: string, delta: 1 | -1): void => {
    if (isSeat(channel)) return Metrics.seats.add(delta)
    Metrics.members.add(delta)
    if (delta > 0) Metrics.joins.add()
    else Metrics.leaves.add()
  }

  const join = (connector: Connector, channel: string, member: Member): void => {
    const roster = rosters.get(channel) ?? new Roster()
    const change = roster.join(connector.node, member)
    if (typeof change === "string") {
      Metrics.ignoredJoins(change).add()
      return
    }
    connector.announced.add(channel, member.id, connector.stream.number)
    if (change === undefined) return
    if (change.kind === "joined") {
      count(channel, 1)
      if (!rosters.has(channel)) {
        rosters.set(channel, roster)
        if (!isSeat(channel)) Metrics.channels.add(1)
      }
    }
    tell(channel, change)
  }

  const leave = (connector: Connector, channel: string, memberId: string): void => {
    connector.announced.remove(channel, memberId)
    const roster = rosters.get(channel)
    const change = roster?.leave(connector.node, memberId)
    if (roster === undefined || change === undefined) return
    count(channel, -1)
    if (roster.size === 0) {
      rosters.delete(channel)
      if (!isSeat(channel)) Metrics.channels.add(-1)
    }
    tell(channel, change)
  }

  const watch = ({ watched, watcher }: AnnounceStream, channel: string): void => {
    watched.add(channel)
    const others = watchers.get(channel)
    if (others !== undefined) {
      others.add(watcher)
      return
    }
    watchers.set(channel, new Set([watcher]))
    Metrics.watchedChannels.add(1)
  }

  const unwatch = ({ watched, watcher }: AnnounceStream, channel: string): void => {
    if (!watched.delete(channel)) return
    watcher.forget(channel)
    const others = watchers.get(channel)
    others?.delete(watcher)
    if (others?.size !== 0) return
    watchers.delete(channel)
    Metrics.watchedChannels.add(-1)
  }

  const close = (stream: AnnounceStream, why: Failure): void => {
    if (!stream.isOpen) return
    stream.isOpen = false
    for (const channel of stream.watched) unwatch(stream, channel)
    stream.watcher.end(why)
  }

  /** Takes away what was last said on this stream or an older one. */
  const sweep = Effect.fnUntraced(function* (connector: Connector, stream: number) {
    let left = 0
    for (const { channel, memberId } of connector.announced.upTo(stream)) {
      leave(connector, channel, memberId)
      left += 1
      if (left % sweepStep === 0) yield* Effect.yieldNow
    }
  })

  /** In the background of this service, since the stream that asks for it is over. */
  const afterGrace = (effect: Effect.Effect<void>) =>
    Effect.delay(effect, grace).pipe(
      Effect.tapCause((cause) =>
        Cause.hasInterruptsOnly(cause) ? Effect.void : Effect.logError("a sweep died", cause)
      ),
      Effect.forkIn(scope)
    )

  const begin = Effect.fnUntraced(function* ({ node, incarnation }: AnnounceHello) {
    const known = connectors.get(node)
    if (known !== undefined && incarnation < known.incarnation) {
      return yield* failure(
        "unavailable",
        `hello: a later life of ${node} is here (${known.incarnation}, not ${incarnation})`,
        Duration.toMillis(grace)
      )
    }
    streams += 1
    const stream = {
      number: streams,
      watcher: new Watcher(),
      watched: new Set<string>(),
      isOpen: true
    }
    if (known === undefined) {
      const connector = { node, incarnation, stream, announced: new Announced() }
      connectors.set(node, connector)
      Metrics.connectors.add(1)
      return { connector, stream }
    }
    close(known.stream, replaced)
    const older = known.stream.number
    known.incarnation = incarnation
    known.stream = stream
    yield* afterGrace(sweep(known, older))
    return { connector: known, stream }
  })

  const end = Effect.fnUntraced(function* (connector: Connector, stream: AnnounceStream) {
    close(stream, ended)
    yield* afterGrace(
      Effect.gen(function* () {
        // A later stream brought a sweep of its own, with time to say everything again.
        if (connector.stream !== stream) return
        yield* sweep(connector, stream.number)
        // One may have come while the sweep made way.
        if (connector.stream !== stream) return
        connectors.delete(connector.node)
        Metrics.connectors.add(-1)
      })
    )
  })

  const announcer = (connector: Connector, stream: AnnounceStream): Announcer => ({
    join: (channel, member) => stream.isOpen && join(connector, channel, member),
    leave: (channel, memberId) => stream.isOpen && leave(connector, channel, memberId),
    claim: (channel, member, limit) => {
      const roster = rosters.get(channel) ?? nobody
      if (!stream.isOpen || (roster.size >= limit && !roster.has(member.id))) return false
      join(connector, channel, member)
      return true
    },
    watch: (channel) => stream.isOpen && watch(stream, channel),
    unwatch: (channel) => stream.isOpen && unwatch(stream, channel),
    changes: stream.watcher.changes
  })

  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      for (const [channel, { size }] of rosters) {
        if (isSeat(channel)) Metrics.seats.add(-size)
        else {
          Metrics.members.add(-size)
          Metrics.channels.add(-1)
        }
      }
      Metrics.connectors.add(-connectors.size)
    })
  )

  return Presence.of({
    open: (hello) =>
      Effect.acquireRelease(begin(hello), ({ connector, stream }) => end(connector, stream)).pipe(
        Effect.map(({ connector, stream }) => announcer(connector, stream))
      ),
    roster: ({ channel, counts, limit, after }) => {
      const roster = rosters.get(channel) ?? nobody
      const { members, next } = counts ? noPage : roster.page(after, limit)
      return { members, memberCount: roster.size, userCount: roster.userCount, next }
    }
  })
})

export const layer: Layer.Layer<Presence> = Layer.effect(Presence, make)
