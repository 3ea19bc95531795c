/**
 * Trust: what auth has told, so that this node can judge by itself: the keys that tickets are
 * signed and checked with, and who is restricted.
 */
import { Failure } from "@weir/core/Failure"
import { type Restriction, restrictionId } from "@weir/core/Restriction"
import type { Restrictions } from "@weir/core/Restrictions"
import { AuthNode } from "@weir/mesh/AuthNode"
import { keepOpen } from "@weir/mesh/KeepOpen"
import { fromMessage, named } from "@weir/mesh/RestrictionMessages"
import type { RestrictionChanges } from "@weir/proto/mesh/v1/auth"
import { Context, Effect, Layer, Schedule, Stream } from "effect"
import { restrictionsAge, restrictionsHeld } from "../ConnectorMetrics.ts"
import { KnownRestrictions, type RestrictionsTold } from "../domain/KnownRestrictions.ts"
import { type TicketKey, ticketKey } from "../domain/Ticket.ts"

export class Trust extends Context.Service<
  Trust,
  {
    /** Newest first; empty until auth has answered once. */
    readonly ticketKeys: () => ReadonlyArray<TicketKey>
    readonly restrictions: () => Restrictions
    /** Auth was not heard for too long: what is known may not be all. */
    readonly isStale: () => boolean
    /** Called after each change, with what is to be done once. One listener. */
    readonly onChange: (tell: (kicks: ReadonlyArray<Restriction>) => void) => void
  }
>()("weir/connector/Trust") {
  static readonly layer: Layer.Layer<Trust, never, AuthNode> = Layer.suspend(() =>
    Layer.effect(Trust, make)
  )
}

const toldBy = ({ lifted, more, put, whole }: RestrictionChanges): RestrictionsTold => ({
  whole,
  more,
  // A kind that this node does not know is of a newer one.
  put: put.flatMap((it) => fromMessage(it) ?? []),
  lifted: lifted.flatMap((it) => {
    const known = named(it)
    return known instanceof Failure ? [] : restrictionId(known)
  })
})

const make = Effect.gen(function* () {
  const auth = yield* AuthNode
  let ticketKeys: ReadonlyArray<TicketKey> = []
  const known = new KnownRestrictions(performance.now())
  let tell: (kicks: ReadonlyArray<Restriction>) => void = () => {}

  const session = Stream.runForEach(auth.trust, (trust) =>
    Effect.sync(() => {
      known.heard(performance.now())
      if (!isSame(ticketKeys, trust.ticketKeys)) {
        ticketKeys = trust.ticketKeys.map(({ id, secret }) => ticketKey(id, secret))
      }
      if (trust.restrictions === undefined) return
      const kicks = known.take(toldBy(trust.restrictions), Date.now())
      restrictionsHeld.set(known.held.size)
      tell(kicks)
    })
  )
  // Between two sessions what we have stays.
  yield* Effect.forkScoped(keepOpen({ name: "trust", session }))
  yield* Effect.sync(() => {
    known.held.expire(Date.now())
    restrictionsHeld.set(known.held.size)
    restrictionsAge.set(known.silentMs(performance.now()) / 1_000)
  }).pipe(Effect.repeat(Schedule.spaced("1 second")), Effect.forkScoped)

  return Trust.of({
    ticketKeys: () => ticketKeys,
    restrictions: () => known.held,
    isStale: () => known.isStale(performance.now()),
    onChange: (listener) => {
      tell = listener
    }
  })
})

const isSame = (
  known: ReadonlyArray<TicketKey>,
  told: ReadonlyArray<{ readonly id: string }>
): boolean => known.length === told.length && known.every(({ id }, index) => told[index]!.id === id)
