/**
 * SessionRoutes: the doors of clients that read by SSE or long-polling (docs/protocol.md).
 *
 * Answered without the router of the other routes: a stream of events is written as it comes,
 * with no fiber for each.
 */
import type { IncomingMessage, ServerResponse } from "node:http"
import { Failure, failure } from "@weir/core/Failure"
import * as EventStream from "@weir/socket/EventStream"
import { readBody } from "@weir/socket/HttpBody"
import { Effect, Schedule } from "effect"
import { Connector } from "../Connector.ts"
import type { ConnectorConfig } from "../ConnectorConfig.ts"
import type { Reader } from "../HttpSession.ts"
import { HttpSessions, type Lost, type Opened, pollAnswer } from "../HttpSessions.ts"
import type { Doorkeeper } from "./Admit.ts"
import { statusOf, statusOfClose } from "./HttpStatus.ts"

const path = "/v1/sessions"

/** How long a poll waits for something to say: proxies give up after a minute. */
const parkMs = 25_000

/** How long words of farewell may take to leave. */
const farewell = "1 second"

/** As over WebSocket: up to this it is answered what was wrong, beyond it nothing is read. */
const hardLimitFactor = 4

/** A preflight's answer is good for as long as browsers keep it at most. */
const preflightSeconds = 7_200

const gone: { readonly [lost in Lost]: { readonly status: number; readonly failure: Failure } } = {
  unknown: {
    status: 404,
    failure: failure("unauthenticated", "session: unknown, or over; connect anew with the ticket")
  },
  gone: {
    status: 410,
    failure: failure("aborted", "session: what follows the cursor is gone; connect anew")
  }
}

const json = (response: ServerResponse, status: number, body: string | Uint8Array): void => {
  response.setHeader("content-type", "application/json")
  response.setHeader("cache-control", "no-store")
  response.writeHead(status).end(body)
}

const refuse = (
  response: ServerResponse,
  refused: Failure,
  status = statusOf(refused),
  body: Uint8Array | undefined = undefined
): void => {
  const { code, message, retryAfterMs } = refused
  if (retryAfterMs > 0) response.setHeader("retry-after", Math.ceil(retryAfterMs / 1000))
  json(response, status, body ?? JSON.stringify({ code, message, retryAfterMs }))
}

const opened = (response: ServerResponse, answer: Opened): void => {
  switch (answer._tag) {
    case "Connected":
      return json(response, 200, answer.line)
    case "Refused":
      return refuse(response, answer.failure, undefined, answer.line)
    case "Ended":
      return json(response, statusOfClose(answer.ended.code), JSON.stringify(answer.ended))
  }
}

/** The cursor that a client has read up to, if it has one. */
const cursorOf = (given: string | null | undefined, begin: number): number | Failure => {
  if (given === null || given === undefined || given === "") return begin
  return /^\d{1,15}$/.test(given)
    ? Number(given)
    : failure("bad_request", "cursor: must be one that was given")
}

interface Asked {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly url: URL
}

export const make = Effect.fnUntraced(function* (config: ConnectorConfig, doorkeeper: Doorkeeper) {
  const connector = yield* Connector
  const { limits } = config
  const sessions = new HttpSessions({
    connector,
    outbox: { maxFrames: limits.outboxFrames, maxBytes: limits.outboxBytes }
  })
  yield* Effect.forkScoped(
    Effect.repeat(
      Effect.sync(() => sessions.sweep(Date.now())),
      Schedule.spaced("1 second")
    )
  )
  // While the listener is still there to carry it.
  yield* Effect.addFinalizer(() =>
    Effect.gen(function* () {
      sessions.closeAll()
      yield* Effect.sleep("20 millis").pipe(
        Effect.repeat({ while: () => sessions.hasReaders }),
        Effect.timeoutOption(farewell)
      )
    })
  )

  const body = ({ request, response }: Asked, then: (body: Buffer) => void): void => {
    const maxBytes = limits.frameBytes * hardLimitFactor
    readBody(request, maxBytes, (read) => {
      if (read !== undefined) return then(read)
      response.setHeader("connection", "close")
      refuse(response, failure("payload_too_large", `body: limit ${maxBytes} bytes`))
    })
  }

  const create = (asked: Asked): void => {
    const { request, response } = asked
    const admitted = doorkeeper.admit(request.socket.remoteAddress ?? "")
    if (admitted instanceof Failure) return refuse(response, doorkeeper.refused(admitted))
    body(asked, (read) => sessions.open(read, admitted.exempt, (it) => opened(response, it)))
  }

  const lost = (response: ServerResponse, why: Lost): void =>
    refuse(response, gone[why].failure, gone[why].status)

  const commands = (asked: Asked, id: string): void =>
    body(asked, (read) => {
      const why = sessions.commands(id, read)
      if (why !== undefined) return lost(asked.response, why)
      asked.response.writeHead(202).end()
    })

  const end = ({ response }: Asked, id: string): void => {
    if (!sessions.end(id)) return lost(response, "unknown")
    response.writeHead(204).end()
  }

  const events = ({ request, response, url }: Asked, id: string): void => {
    const given = request.headers["last-event-id"] ?? url.searchParams.get("cursor")
    const cursor = cursorOf(Array.isArray(given) ? given[0] : given, sessions.begin(id))
    if (cursor instanceof Failure) return refuse(response, cursor)
    let stream: EventStream.EventStream | undefined
    // Opened with the first word: a session that is lost gets a status.
    const opened = () => {
      stream ??= EventStream.open(response, {
        onDrain: () => sessions.resumed(id, reader),
        onClose: () => sessions.left(id, reader)
      })
      return stream
    }
    const reader: Reader = {
      delivers: true,
      beat: () => opened().comment(),
      end: () => opened().end(),
      take: (events, isLast) => {
        const takesMore = opened().write(events.lines, events.cursor)
        if (isLast) opened().end()
        return takesMore
      }
    }
    const why = sessions.read(id, reader, cursor)
    if (why !== undefined) return lost(response, why)
    opened()
  }

  const poll = ({ response, url }: Asked, id: string): void => {
    const cursor = cursorOf(url.searchParams.get("cursor"), sessions.begin(id))
    if (cursor instanceof Failure) return refuse(response, cursor)
    const answer = (text: string) => {
      clearTimeout(parked)
      sessions.left(id, reader)
      if (!response.writableEnded) json(response, 200, text)
    }
    const nothing = () => answer(pollAnswer({ cursor, lines: [] }))
    const parked = setTimeout(nothing, parkMs)
    const reader: Reader = {
      delivers: false,
      beat: () => {},
      end: nothing,
      take: (events) => {
        answer(pollAnswer(events))
        return false
      }
    }
    response.once("close", () => {
      clearTimeout(parked)
      sessions.left(id, reader)
    })
    const why = sessions.read(id, reader, cursor)
    if (why === undefined) return
    clearTimeout(parked)
    lost(response, why)
  }

  const allow = ({ request, response }: Asked): boolean => {
    const { origin } = request.headers
    const badOrigin = doorkeeper.checkOrigin(origin)
    if (badOrigin !== undefined) {
      refuse(response, doorkeeper.refused(badOrigin))
      return false
    }
    if (origin !== undefined) {
      response.setHeader("access-control-allow-origin", origin)
      response.setHeader("access-control-expose-headers", "retry-after")
      response.setHeader("vary", "origin")
    }
    return true
  }

  const preflight = ({ response }: Asked): void => {
    response.setHeader("access-control-allow-methods", "GET, POST, DELETE")
    response.setHeader("access-control-allow-headers", "content-type, last-event-id")
    response.setHeader("access-control-max-age", preflightSeconds)
    response.writeHead(204).end()
  }

  const routes: Readonly<Record<string, (asked: Asked, id: string) => void>> = {
    "POST ": create,
    "POST commands": commands,
    "GET events": events,
    "GET poll": poll,
    "DELETE ": end
  }

  /** Answers it if it is ours. */
  return (request: IncomingMessage, response: ServerResponse): boolean => {
    if (!request.url!.startsWith(path)) return false
    const url = new URL(request.url!, "http://localhost")
    const [id = "", verb = "", ...rest] = url.pathname.slice(path.length + 1).split("/")
    const asked = { request, response, url }
    response.setHeader("x-content-type-options", "nosniff")
    if (!allow(asked)) return true
    if (request.method === "OPTIONS") {
      preflight(asked)
      return true
    }
    const isNew = request.method === "POST" && verb === ""
    const route = routes[`${request.method} ${verb}`]
    if (route === undefined || rest.length > 0 || isNew !== (id === "")) {
      const message = `${request.method} ${path}…: there is no such request; see docs/protocol.md`
      refuse(response, failure("unknown_type", message))
    } else route(asked, id)
    return true
  }
})
