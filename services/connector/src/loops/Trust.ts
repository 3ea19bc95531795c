/**
 * Trust: the keys that tickets are signed and checked with, as auth last told.
 */
import { createSecretKey } from "node:crypto"
import { AuthNode } from "@weir/mesh/AuthNode"
import { keepOpen } from "@weir/mesh/KeepOpen"
import { Effect, Stream } from "effect"
import type { TicketKey } from "../domain/Ticket.ts"

export interface Trust {
  /** Newest first; empty until auth has answered once. */
  readonly ticketKeys: () => ReadonlyArray<TicketKey>
}

export const make = Effect.gen(function* () {
  const auth = yield* AuthNode
  let ticketKeys: ReadonlyArray<TicketKey> = []
  const session = Stream.runForEach(auth.trust, (trust) =>
    Effect.sync(() => {
      // Made once: from bytes it would be made for every ticket.
      ticketKeys = trust.ticketKeys.map(({ id, secret }) => ({
        id,
        secret: createSecretKey(secret)
      }))
    })
  )
  // Between two sessions the keys that we have stay.
  yield* Effect.forkScoped(keepOpen({ name: "trust", session }))
  return { ticketKeys: () => ticketKeys } satisfies Trust
})
