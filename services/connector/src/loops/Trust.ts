/**
 * Trust: the keys that tickets are signed and checked with, as auth last told.
 */
import { AuthNode } from "@weir/mesh/AuthNode"
import { keepOpen } from "@weir/mesh/KeepOpen"
import { Effect, Stream } from "effect"
import { type TicketKey, ticketKey } from "../domain/Ticket.ts"

export interface Trust {
  /** Newest first; empty until auth has answered once. */
  readonly ticketKeys: () => ReadonlyArray<TicketKey>
}

export const make = Effect.gen(function* () {
  const auth = yield* AuthNode
  let ticketKeys: ReadonlyArray<TicketKey> = []
  const session = Stream.runForEach(auth.trust, (trust) =>
    Effect.sync(() => {
      ticketKeys = trust.ticketKeys.map(({ id, secret }) => ticketKey(id, secret))
    })
  )
  // Between two sessions the keys that we have stay.
  yield* Effect.forkScoped(keepOpen({ name: "trust", session }))
  return { ticketKeys: () => ticketKeys } satisfies Trust
})
