/**
 * Announcements: this connector's members, told to the presence nodes, and their
 * changes told to the clients that watch.
 *
 * We are the source of truth for the members of our connections: a stream that
 * is opened again is told all of them, and so is whoever has a channel's roster from now on.
 */
import { Cluster } from "@weir/cluster/Cluster"
import type { Node } from "@weir/cluster/View"
import { type Failure, failure } from "@weir/core/Failure"
import { isSeat } from "@weir/core/Seat"
import { PresenceNodes } from "@weir/mesh/PresenceNodes"
import type { Member, PresenceChange } from "@weir/proto/client/v1/client"
import type { Announcement } from "@weir/proto/mesh/v1/presence"
import { Cause, Effect, Queue, Stream } from "effect"
import { Claims } from "../Claims.ts"
import { members as membersGauge } from "../ConnectorMetrics.ts"
import type { Feeds } from "../Feeds.ts"
import * as NodeLinks from "./NodeLinks.ts"

const announcementsPerMessage = 512

/** Announcements that wait for one node. One more, and the stream starts over with all of them. */
const maxWaiting = 100_000

type Case = NonNullable<Announcement["announcement"]>

interface Announced {
  readonly member: Member
  /** A session that came back may be here before its old connection is known to be dead. */
  readonly connections: number
  /** How many there may be in its channel; undefined: it was not asked for. */
  readonly limit: number | undefined
}

/** The stream to a presence node. */
interface Link {
  readonly outgoing: Queue.Queue<Announcement, Failure>
  /** Watched since before it was told of them: what changed meanwhile was told to nobody. */
  readonly uncertain: Set<string>
}

export interface Announcements {
  readonly join: (channel: string, member: Member) => void
  readonly leave: (channel: string, memberId: string) => void
  /**
   * As `join`, if there are fewer members than that on all connectors, or it is one of them.
   * Where nobody can tell, those of this connector alone are counted, until somebody can.
   */
  readonly claim: (channel: string, member: Member, limit: number) => Effect.Effect<boolean>
  /** Called with a member that was taken in when nobody could tell, and for whom there is no place. */
  readonly onSurplus: (tell: (channel: string, memberId: string) => void) => void
  readonly watch: (channel: string) => void
  readonly unwatch: (channel: string) => void
}

const tooFarBehind = Cause.fail(failure("too_many_requests", "presence: too far behind"))

export const make = Effect.fnUntraced(function* (options: {
  readonly node: string
  readonly incarnation: number
  readonly feeds: Feeds
}) {
  const { feeds, incarnation, node } = options
  const cluster = yield* Cluster
  const presence = yield* PresenceNodes
  const members = new Map<string, Map<string, Announced>>()
  const watched = new Set<string>()
  const open = new Map<string, Link>()
  /** Who has been told of each channel. */
  const told = new Map<string, string>()
  const claims = new Claims()
  let onSurplus: (channel: string, memberId: string) => void = () => {}

  const ownerOf = (channel: string) => cluster.ownerOf("presence", channel)?.name

  const offer = ({ outgoing }: Link, announcement: Case): void => {
    if (!Queue.offerUnsafe(outgoing, { announcement }))
      Queue.failCauseUnsafe(outgoing, tooFarBehind)
  }

  /** Whoever knows of the channel, or is to: its next owner learns all of it with the view. */
  const keeperOf = (channel: string): string => told.get(channel) ?? ownerOf(channel) ?? ""

  const tell = (channel: string, announcement: Case): boolean => {
    const keeper = keeperOf(channel)
    const link = open.get(keeper)
    // Its stream, once it is open again, is told all that it owns.
    if (link === undefined) return false
    told.set(channel, keeper)
    offer(link, announcement)
    return true
  }

  const isWanted = (channel: string): boolean => watched.has(channel) || members.has(channel)

  const forget = (channel: string): void => {
    if (!isWanted(channel)) told.delete(channel)
  }

  /** What becomes of somebody who is here before that is known. */
  const judged =
    (channel: string, { id }: Member) =>
    (granted: boolean | undefined): void => {
      if (granted === false) onSurplus(channel, id)
    }

  /** A member, told anew: one that has a place by count asks for it again. */
  const again = (keeper: string, channel: string, { limit, member }: Announced): Case => {
    if (limit === undefined) return { $case: "join", value: { channel, member } }
    const id = claims.begin(keeper, judged(channel, member))
    return { $case: "claim", value: { id, channel, member, limit } }
  }

  /** Watched first: a join that is applied after somebody read the roster is then told. */
  const allOf = (keeper: string, channel: string): ReadonlyArray<Case> => [
    ...(watched.has(channel) ? [{ $case: "watch", value: { channel } } as const] : []),
    ...Array.from(members.get(channel)?.values() ?? [], (it) => again(keeper, channel, it))
  ]

  const noneOf = (channel: string): ReadonlyArray<Case> => [
    ...(watched.has(channel) ? [{ $case: "unwatch", value: { channel } } as const] : []),
    ...Array.from(
      members.get(channel)?.keys() ?? [],
      (memberId) => ({ $case: "leave", value: { channel, memberId } }) as const
    )
  ]

  /** A channel has another owner: that one learns all of it, and the one before forgets it. */
  const move = (channel: string, owner: string, moved: Set<Link>): void => {
    const before = open.get(told.get(channel) ?? "")
    if (before !== undefined) for (const it of noneOf(channel)) offer(before, it)
    told.set(channel, owner)
    const link = open.get(owner)
    // Its stream, once it is open, is told all that it owns.
    if (link === undefined) return
    for (const it of allOf(owner, channel)) offer(link, it)
    if (watched.has(channel)) link.uncertain.add(channel)
    moved.add(link)
  }

  const onView = (): void => {
    const moved = new Set<Link>()
    for (const channel of new Set([...members.keys(), ...watched])) {
      const owner = ownerOf(channel) ?? ""
      if (told.get(channel) !== owner) move(channel, owner, moved)
    }
    for (const link of moved) offer(link, { $case: "sync", value: {} })
  }

  const pass = (change: PresenceChange) => {
    for (const { connection } of feeds.get(change.channel)?.watchers ?? []) {
      connection.send({ $case: "presenceChange", value: change })
    }
  }

  const session = Effect.fnUntraced(function* ({ name, mesh }: Node) {
    const { inbound, writeAll } = yield* presence.announce(mesh)
    const outgoing = yield* Queue.dropping<Announcement, Failure>(maxWaiting)
    const everything: Array<Announcement> = [
      { announcement: { $case: "hello", value: { node, incarnation } } }
    ]
    const uncertain = new Set<string>()
    yield* Effect.acquireRelease(
      Effect.sync(() => {
        for (const channel of new Set([...watched, ...members.keys()])) {
          if (ownerOf(channel) !== name) continue
          if (watched.has(channel)) uncertain.add(channel)
          told.set(channel, name)
          for (const announcement of allOf(name, channel)) everything.push({ announcement })
        }
        everything.push({ announcement: { $case: "sync", value: {} } })
        open.set(name, { outgoing, uncertain })
      }),
      () =>
        Effect.sync(() => {
          open.delete(name)
          claims.lost(name)
        })
    )
    const write = Effect.gen(function* () {
      for (let from = 0; from < everything.length; from += announcementsPerMessage) {
        const announcements = everything.slice(from, from + announcementsPerMessage)
        yield* writeAll([{ announcements }])
      }
      everything.length = 0
      while (true) {
        const announcements = yield* Queue.takeBetween(outgoing, 1, announcementsPerMessage)
        yield* writeAll([{ announcements }])
      }
    })
    const read = Stream.runForEachArray(inbound, (messages) =>
      Effect.sync(() => {
        for (const { changes, claims: results } of messages) {
          changes.forEach(pass)
          for (const { granted, id } of results) claims.answered(id, granted)
          if (changes.length + results.length > 0) continue
          // The answer to our `sync`: from now on the roster can be read.
          for (const channel of uncertain) {
            pass({ channel, joined: [], left: [], reset: true })
          }
          uncertain.clear()
        }
      })
    ).pipe(
      Effect.andThen(Effect.fail(failure("unavailable", "the presence node ended the stream")))
    )
    yield* Effect.raceFirst(read, write)
  })

  yield* NodeLinks.run({ role: "presence", count: 1, session, onView }).pipe(Effect.forkScoped)

  /** Here, whether anybody was told of it or not. */
  const hold = (channel: string, member: Member, limit?: number): void => {
    const byId = members.get(channel) ?? new Map<string, Announced>()
    const announced = byId.get(member.id)
    if (announced === undefined && !isSeat(channel)) membersGauge.add(1)
    const connections = (announced?.connections ?? 0) + 1
    members.set(channel, byId.set(member.id, { member, connections, limit }))
  }

  const join = (channel: string, member: Member): void => {
    hold(channel, member)
    tell(channel, { $case: "join", value: { channel, member } })
  }

  return {
    join,
    leave: (channel, memberId) => {
      const byId = members.get(channel)
      const announced = byId?.get(memberId)
      if (byId === undefined || announced === undefined) return
      if (announced.connections > 1) {
        byId.set(memberId, { ...announced, connections: announced.connections - 1 })
        return
      }
      byId.delete(memberId)
      if (byId.size === 0) members.delete(channel)
      if (!isSeat(channel)) membersGauge.add(-1)
      tell(channel, { $case: "leave", value: { channel, memberId } })
      forget(channel)
    },
    claim: Effect.fnUntraced(function* (channel, member, limit) {
      const here = members.get(channel)
      if ((here?.size ?? 0) >= limit && here?.has(member.id) !== true) return false
      const granted = yield* claims.ask(
        keeperOf(channel),
        (id) => tell(channel, { $case: "claim", value: { id, channel, member, limit } }),
        judged(channel, member)
      )
      // Where that is not known, it is asked for again with the next stream.
      if (granted !== false) hold(channel, member, limit)
      return granted ?? true
    }),
    onSurplus: (tell) => {
      onSurplus = tell
    },
    watch: (channel) => {
      watched.add(channel)
      tell(channel, { $case: "watch", value: { channel } })
    },
    unwatch: (channel) => {
      watched.delete(channel)
      tell(channel, { $case: "unwatch", value: { channel } })
      forget(channel)
    }
  } satisfies Announcements
})
