/**
 * Trust: the keys that tickets are signed and checked with, as auth last told.
 */
import { AuthNode } from "@weir/mesh/AuthNode"
import { Effect, Schedule, Stream } from "effect"
import type { TicketKey } from "../domain/Ticket.ts"

export interface Trust {
  /** Newest first; empty until auth has answered once. */
  readonly ticketKeys: () => ReadonlyArray<TicketKey>
}

const reconnect = Schedule.min([
  Schedule.exponential("50 millis"),
  Schedule.spaced("1 second")
]).pipe(Schedule.jittered)

export const make = Effect.gen(function* () {
  const auth = yield* AuthNode
  let ticketKeys: ReadonlyArray<TicketKey> = []
  yield* Stream.runForEach(auth.trust, (trust) =>
    Effect.sync(() => {
      ticketKeys = trust.ticketKeys
    })
  ).pipe(
    // An ended stream is as good as a failed one; the keys we have stay until new ones come.
    Effect.andThen(Effect.fail("ended")),
    Effect.retry(reconnect),
    Effect.forkScoped
  )
  return { ticketKeys: () => ticketKeys } satisfies Trust
})
