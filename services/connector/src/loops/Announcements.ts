/**
 * Announcements: this connector's members, told to the presence nodes, and their
 * changes told to the clients that watch.
 *
 * We are the source of truth for the members of our connections: a stream that
 * is opened again is told all of them.
 */
import { Cluster } from "@weir/cluster/Cluster"
import type { Node } from "@weir/cluster/View"
import { type Failure, failure } from "@weir/core/Failure"
import { PresenceNodes } from "@weir/mesh/PresenceNodes"
import type { Member, PresenceChange } from "@weir/proto/client/v1/client"
import type { Announcement } from "@weir/proto/mesh/v1/presence"
import { Cause, Effect, Queue, Stream } from "effect"
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
}

export interface Announcements {
  readonly join: (channel: string, member: Member) => void
  readonly leave: (channel: string, memberId: string) => void
  readonly watch: (channel: string) => void
  readonly unwatch: (channel: string) => void
}

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
  const open = new Map<string, Queue.Queue<Announcement, Failure>>()

  const ownerOf = (channel: string) => cluster.ownerOf("presence", channel)?.name

  const tell = (channel: string, announcement: Case) => {
    const outgoing = open.get(ownerOf(channel) ?? "")
    if (outgoing === undefined || Queue.offerUnsafe(outgoing, { announcement })) return
    Queue.failCauseUnsafe(
      outgoing,
      Cause.fail(failure("too_many_requests", "presence: too far behind"))
    )
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
    /** Watched since before this stream: what changed without one was told to nobody. */
    const uncertain = new Set<string>()
    yield* Effect.acquireRelease(
      Effect.sync(() => {
        // Watches first: a join that is applied after somebody read the roster is then told.
        for (const channel of watched) {
          if (ownerOf(channel) !== name) continue
          uncertain.add(channel)
          everything.push({ announcement: { $case: "watch", value: { channel } } })
        }
        for (const [channel, byId] of members) {
          if (ownerOf(channel) !== name) continue
          for (const { member } of byId.values()) {
            everything.push({ announcement: { $case: "join", value: { channel, member } } })
          }
        }
        everything.push({ announcement: { $case: "sync", value: {} } })
        open.set(name, outgoing)
      }),
      () => Effect.sync(() => open.delete(name))
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
        for (const { changes } of messages) {
          changes.forEach(pass)
          if (changes.length > 0) continue
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

  yield* NodeLinks.run({ role: "presence", count: 1, session }).pipe(Effect.forkScoped)

  return {
    join: (channel, member) => {
      const byId = members.get(channel) ?? new Map<string, Announced>()
      const announced = byId.get(member.id)
      if (announced === undefined) membersGauge.add(1)
      const connections = (announced?.connections ?? 0) + 1
      members.set(channel, byId.set(member.id, { member, connections }))
      tell(channel, { $case: "join", value: { channel, member } })
    },
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
      membersGauge.add(-1)
      tell(channel, { $case: "leave", value: { channel, memberId } })
    },
    watch: (channel) => {
      watched.add(channel)
      tell(channel, { $case: "watch", value: { channel } })
    },
    unwatch: (channel) => {
      watched.delete(channel)
      tell(channel, { $case: "unwatch", value: { channel } })
    }
  } satisfies Announcements
})
