/**
 * RelayedSessions: sessions that another connector holds, asked over the mesh.
 *
 * One call for each request: two are in order because the client waits for the first one's
 * answer.
 */
import type { Failure } from "@weir/core/Failure"
import type { Duplex } from "@weir/grpc/Duplex"
import type { ConnectorNodes } from "@weir/mesh/ConnectorNodes"
import type { RelayRequest, RelayResponse } from "@weir/proto/mesh/v1/relay"
import { Deferred, Effect, FiberSet, Stream } from "effect"
import { eventsOf } from "../RelayMessages.ts"
import { type Lost, lostOf, type SessionAccess, type Sink } from "../SessionAccess.ts"

type Asked = NonNullable<RelayRequest["request"]>

/** Longer than a poll is parked; what only has to be passed on takes milliseconds. */
const deadlines = { commands: "5 seconds", end: "5 seconds", poll: "30 seconds" } as const

/** Gives the sessions of the connector at an address of the mesh. */
export const make = Effect.fnUntraced(function* ({ relay }: ConnectorNodes["Service"]) {
  const run = yield* FiberSet.makeRuntime<never, void, never>()

  /** The one answer. */
  const ask = (
    address: string,
    session: string,
    request: Asked & { readonly $case: keyof typeof deadlines },
    answer: (response: RelayResponse | undefined) => void
  ) =>
    run(
      relay(address, ({ inbound, writeAll }) =>
        Effect.andThen(writeAll([{ session, request }]), Stream.runHead(inbound))
      ).pipe(
        Effect.timeoutOption(deadlines[request.$case]),
        Effect.map((it) =>
          it._tag === "Some" && it.value._tag === "Some" ? it.value.value : undefined
        ),
        Effect.catch(() => Effect.succeed(undefined)),
        Effect.flatMap((it) => Effect.sync(() => answer(it)))
      )
    )

  const lostIn = (response: RelayResponse | undefined): Lost | undefined =>
    response === undefined ? "unreachable" : lostOf(response.status)

  const follow = (
    address: string,
    session: string,
    cursor: string,
    sink: Sink,
    room: { resume: () => void }
  ) => {
    let isBegun = false
    const onResponse = (response: RelayResponse): Effect.Effect<void> => {
      const lost = lostOf(response.status)
      if (lost !== undefined) return Effect.sync(() => sink.lost(lost))
      isBegun = true
      if (response.frames.length === 0) return Effect.sync(() => sink.beat())
      return Effect.suspend(() => {
        if (sink.take(eventsOf(response))) return Effect.void
        const full = Deferred.makeUnsafe<void>()
        room.resume = () => Deferred.doneUnsafe(full, Effect.void)
        return Deferred.await(full)
      })
    }
    const read = ({ inbound, writeAll }: Duplex<RelayResponse, RelayRequest>) =>
      Effect.andThen(
        writeAll([{ session, request: { $case: "events", value: cursor } }]),
        Stream.runForEach(inbound, onResponse)
      )
    return run(
      relay(address, read).pipe(
        // Its reader comes back, and is told then what has become of the session.
        Effect.catch((_: Failure) => Effect.sync(() => isBegun || sink.lost("unreachable"))),
        Effect.andThen(Effect.sync(() => isBegun && sink.end()))
      )
    )
  }

  return (address: string): SessionAccess => ({
    commands: (id, body, answer) =>
      void ask(address, id, { $case: "commands", value: body }, (it) => answer(lostIn(it))),
    end: (id, answer) =>
      void ask(address, id, { $case: "end", value: {} }, (it) => answer(lostIn(it))),
    poll: (id, cursor, answer) => {
      const fiber = ask(address, id, { $case: "poll", value: `${cursor ?? ""}` }, (it) =>
        answer(lostIn(it) ?? eventsOf(it!))
      )
      return { left: () => fiber.interruptUnsafe() }
    },
    events: (id, cursor, sink) => {
      const room = { resume: () => {} }
      const fiber = follow(address, id, `${cursor ?? ""}`, sink, room)
      return { resumed: () => room.resume(), left: () => fiber.interruptUnsafe() }
    }
  })
})
