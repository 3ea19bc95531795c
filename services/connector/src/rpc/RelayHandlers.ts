/**
 * RelayHandlers: the mesh's door to the sessions of this connector, for requests that another
 * connector was asked.
 */
import { failure } from "@weir/core/Failure"
import type { Duplex } from "@weir/grpc/Duplex"
import { type Implementation, implement } from "@weir/grpc/Handlers"
import {
  type RelayRequest,
  type RelayResponse,
  RelayServiceDefinition
} from "@weir/proto/mesh/v1/relay"
import { Effect, Queue, type Scope, Stream } from "effect"
import type { Events } from "../domain/RetainedEvents.ts"
import { cursorOf, responseOf } from "../RelayMessages.ts"
import { type Lost, type SessionAccess, statusOfLost } from "../SessionAccess.ts"

const ok = 200

const statusOf = (lost: Lost | undefined): RelayResponse => ({
  status: lost === undefined ? ok : statusOfLost(lost),
  cursor: "",
  frames: []
})

/** A batch, since the next one waits until it is written; a beat; that it is lost; the end. */
const capacity = 4

type Said = RelayResponse | "end"

const events = Effect.fnUntraced(function* (
  sessions: SessionAccess,
  session: string,
  cursor: string,
  writeAll: Duplex<RelayRequest, RelayResponse>["writeAll"]
) {
  const said = yield* Queue.dropping<Said>(capacity)
  const say = (it: Said) => void Queue.offerUnsafe(said, it)
  const reading = yield* Effect.acquireRelease(
    Effect.sync(() =>
      sessions.events(session, cursorOf(cursor), {
        lost: (why) => {
          say(statusOf(why))
          say("end")
        },
        take: (it) => {
          say(responseOf(it))
          return false
        },
        beat: () => {
          if (Queue.sizeUnsafe(said) === 0) say(responseOf({ cursor: 0, lines: [] }))
        },
        end: () => say("end")
      })
    ),
    (it) => Effect.sync(it.left)
  )
  while (true) {
    const next = yield* Queue.take(said)
    if (next === "end") return
    yield* writeAll([next])
    if (next.frames.length > 0) reading.resumed()
  }
})

const poll = (sessions: SessionAccess, session: string, cursor: string) =>
  Effect.callback<RelayResponse>((resume) => {
    const { left } = sessions.poll(session, cursorOf(cursor), (it: Events | Lost) =>
      resume(
        Effect.succeed(typeof it === "string" ? statusOf(it) : { ...responseOf(it), status: ok })
      )
    )
    return Effect.sync(left)
  })

const answered = (ask: (answer: (lost?: Lost) => void) => void) =>
  Effect.callback<RelayResponse>((resume) => ask((lost) => resume(Effect.succeed(statusOf(lost)))))

const relay = (sessions: SessionAccess) =>
  Effect.fnUntraced(
    function* ({ inbound, writeAll }: Duplex<RelayRequest, RelayResponse>) {
      const pull = yield* Stream.toPull(inbound)
      const [{ request, session }] = yield* pull
      switch (request?.$case) {
        case "commands":
          return yield* Effect.flatMap(
            answered((answer) => sessions.commands(session, Buffer.from(request.value), answer)),
            (it) => writeAll([it])
          )
        case "end":
          return yield* Effect.flatMap(
            answered((answer) => sessions.end(session, answer)),
            (it) => writeAll([it])
          )
        case "poll":
          return yield* Effect.flatMap(poll(sessions, session, request.value), (it) =>
            writeAll([it])
          )
        case "events":
          return yield* events(sessions, session, request.value, writeAll)
        case undefined:
          return yield* failure("bad_request", "request: missing")
      }
    },
    Effect.catchTag("Done", () => Effect.void)
  )

export const relayHandlers = (sessions: SessionAccess): Implementation<Scope.Scope> =>
  implement<RelayServiceDefinition, never>(RelayServiceDefinition, { relay: relay(sessions) })
