/**
 * Entrance: whether somebody who is known may come in: nothing was taken from them that would
 * keep them out, and there is a place left among their user's connections.
 */
import type { CloseName } from "@weir/core/CloseCode"
import { type Failure, failure } from "@weir/core/Failure"
import { seatOf } from "@weir/core/Seat"
import type { AuditNotes } from "@weir/mesh/AuditNotes"
import type { RestrictionNode } from "@weir/mesh/RestrictionNode"
import { Member } from "@weir/proto/client/v1/client"
import { Effect } from "effect"
import type { Announcements } from "./loops/Announcements.ts"
import type { Trust } from "./loops/Trust.ts"
import { Rejected } from "./Rejected.ts"
import type { Session } from "./Session.ts"

export interface EntranceDeps {
  readonly announcements: Announcements
  readonly trust: Trust["Service"]
  readonly restrictions: Pick<RestrictionNode["Service"], "check">
  readonly notes: AuditNotes
}

/** What is left to do, if that takes waiting. */
type Rest = Effect.Effect<void> | undefined

export interface Entering {
  readonly session: Session
  readonly refuse: (why: Failure) => void
  /** It may. */
  readonly goOn: () => Rest
}

const turnAway = (
  { notes }: EntranceDeps,
  { refuse, session }: Entering,
  close: CloseName
): void => {
  const { address, publicName, user } = session.standing
  notes.note({
    actor: user === "" ? publicName : user,
    ...{ action: "connect", target: "", result: close, address, detail: "" }
  })
  refuse(new Rejected(close, "this client may not connect"))
}

/** Counted over all connectors. A session that comes back has its place still. */
const takeSeat = ({ announcements }: EntranceDeps, { goOn, refuse, session }: Entering): Rest => {
  const { user } = session.identity!
  const { connectionsPerUser } = session.limits
  if (connectionsPerUser === 0 || user === "") return goOn()
  const { publicName } = session
  const seat = seatOf(user)
  const member = Member.fromPartial({ id: publicName, user, joinedAt: Date.now() })
  return Effect.flatMap(announcements.claim(seat, member, connectionsPerUser), (granted) => {
    if (!granted) {
      const message = `connections: limit ${connectionsPerUser} for one user`
      refuse(new Rejected("connection_limit", message))
      return Effect.void
    }
    // Nobody would give it back for a connection that has ended meanwhile.
    if (session.connection.closed) {
      announcements.leave(seat, publicName)
      return Effect.void
    }
    session.seat = seat
    return goOn() ?? Effect.void
  })
}

/** Where auth was not heard for a while: what was taken from somebody meanwhile is not known here. */
const ask = (deps: EntranceDeps, entering: Entering): Effect.Effect<void> =>
  Effect.matchEffect(deps.restrictions.check({ ...entering.session.standing }), {
    onFailure: ({ retryAfterMs }) =>
      Effect.sync(() => {
        const message = "who may connect cannot be judged now"
        entering.refuse(failure("unavailable", message, Math.max(500, retryAfterMs)))
      }),
    onSuccess: ({ sentence }) =>
      Effect.suspend(() => {
        if (sentence === "") return takeSeat(deps, entering) ?? Effect.void
        turnAway(deps, entering, sentence as CloseName)
        return Effect.void
      })
  })

/** Refuses, or goes on with `goOn`. */
export const enter = (deps: EntranceDeps, entering: Entering): Rest => {
  const { trust } = deps
  const sentence = trust.restrictions().judge(entering.session.standing)
  if (sentence !== undefined) {
    turnAway(deps, entering, sentence)
    return undefined
  }
  return trust.isStale() ? ask(deps, entering) : takeSeat(deps, entering)
}
