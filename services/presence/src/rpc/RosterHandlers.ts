/**
 * RosterHandlers: the mesh's door to presence.
 *
 * A connector says hello, then announces for as long as it lives, and reads the
 * changes of what it watches from the same call. Announcements this version
 * does not know are skipped, so that connectors may be newer than presence.
 */
import { failure } from "@weir/core/Failure"
import type { Duplex } from "@weir/grpc/Duplex"
import { type Implementation, implement } from "@weir/grpc/Handlers"
import {
  type Announcement,
  type AnnounceRequest,
  type AnnounceResponse,
  type Claim,
  type ClaimResult,
  RosterServiceDefinition
} from "@weir/proto/mesh/v1/presence"
import { Effect, Stream } from "effect"
import { type Announcer, Presence } from "../Presence.ts"
import * as Metrics from "../PresenceMetrics.ts"

const noHello = failure("bad_request", "hello: must be the first announcement, and name the node")
const lateHello = failure("bad_request", "hello: must not be repeated")

const apply = (announcer: Announcer, { announcement }: Announcement): void => {
  if (announcement?.$case === "join") {
    const { channel, member } = announcement.value
    // One broken member must not cost its connector the stream, and all others their presence.
    if (member === undefined || member.id === "") Metrics.ignoredJoins("no_member").add()
    else announcer.join(channel, member)
  } else if (announcement?.$case === "leave") {
    announcer.leave(announcement.value.channel, announcement.value.memberId)
  } else if (announcement?.$case === "watch") {
    announcer.watch(announcement.value.channel)
  } else if (announcement?.$case === "unwatch") {
    announcer.unwatch(announcement.value.channel)
  }
}

const judge = (announcer: Announcer, { channel, id, limit, member }: Claim): ClaimResult => ({
  id,
  granted: member !== undefined && member.id !== "" && announcer.claim(channel, member, limit)
})

const announce = Effect.fnUntraced(
  function* ({ inbound, writeAll }: Duplex<AnnounceRequest, AnnounceResponse>) {
    const presence = yield* Presence
    const pull = yield* Stream.toPull(inbound)
    const next = Effect.map(pull, (requests) =>
      requests.flatMap(({ announcements }) => announcements)
    )

    const [first, ...others] = yield* next
    if (first?.announcement?.$case !== "hello" || first.announcement.value.node === "") {
      return yield* noHello
    }
    const announcer = yield* presence.open(first.announcement.value)
    const take = Effect.fnUntraced(function* (announcements: ReadonlyArray<Announcement>) {
      const claims: Array<ClaimResult> = []
      for (const it of announcements) {
        const { announcement } = it
        if (announcement?.$case === "hello") return yield* lateHello
        if (announcement?.$case === "claim") claims.push(judge(announcer, announcement.value))
        else apply(announcer, it)
        if (announcement?.$case === "sync") yield* writeAll([{ changes: [], claims: [] }])
      }
      if (claims.length > 0) yield* writeAll([{ changes: [], claims }])
    })

    const read = Effect.andThen(take(others), Effect.forever(Effect.flatMap(next, take)))
    const write = Effect.forever(
      Effect.flatMap(announcer.changes, (changes) =>
        writeAll([{ changes: changes.map((change) => ({ ...change, reset: false })), claims: [] }])
      )
    )
    yield* Effect.raceFirst(read, write)
  },
  Effect.catchTag("Done", () => Effect.void)
)

export const rosterHandlers: Implementation<Presence> = implement<
  RosterServiceDefinition,
  Presence
>(RosterServiceDefinition, {
  announce,
  getRoster: (request) => Presence.useSync(({ roster }) => roster(request))
})
