/**
 * SessionRoutes: the doors of clients that read by SSE or long-polling (docs/protocol.md).
 *
 * Answered without the router of the other routes: a stream of events is written as it comes,
 * with no fiber for each.
 */
import type { IncomingMessage, ServerResponse } from "node:http"
import type { Limits } from "@weir/config/Settings"
import { Failure, failure } from "@weir/core/Failure"
import * as EventStream from "@weir/socket/EventStream"
import { forwardedIn } from "@weir/socket/Handshake"
import { readBody } from "@weir/socket/HttpBody"
import { maxMessageBytes } from "../ConnectorConfig.ts"
import type { Events } from "../domain/RetainedEvents.ts"
import type { HttpSessions, Opened } from "../HttpSessions.ts"
import { type Lost, type SessionAccess, statusOfLost } from "../SessionAccess.ts"
import type { Doorkeeper } from "./Admit.ts"
import { retryAfterOf, statusOf, statusOfClose } from "./HttpStatus.ts"

const path = "/v1/sessions"

/** A preflight's answer is good for as long as browsers keep it at most. */
const preflightSeconds = 7_200

const failures: { readonly [lost in Lost]: Failure } = {
  unknown: failure("unauthenticated", "session: unknown, or over; connect anew with the ticket"),
  gone: failure("aborted", "session: what follows the cursor is gone; connect anew"),
  unreachable: failure("unavailable", "session: its connector cannot be reached now", 1_000)
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
  const retryAfter = retryAfterOf(refused)
  if (retryAfter !== undefined) response.setHeader("retry-after", retryAfter)
  json(response, status, body ?? JSON.stringify({ code, message, retryAfterMs }))
}

const answerOpened = (response: ServerResponse, answer: Opened): void => {
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
const cursorOf = (given: string | null | undefined): number | undefined | Failure => {
  if (given === null || given === undefined || given === "") return undefined
  return /^\d{1,15}$/.test(given)
    ? Number(given)
    : failure("bad_request", "cursor: must be one that was given")
}

interface Asked {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly url: URL
}

/** What a poll is answered. */
const pollAnswer = ({ cursor, lines }: Events): string =>
  `{"cursor":"${cursor}","frames":[${lines.map((line) => Buffer.from(line).toString()).join(",")}]}`

export interface SessionRoutesOptions {
  readonly limits: Limits
  readonly doorkeeper: Doorkeeper
  /** New ones are held here. */
  readonly sessions: Pick<HttpSessions, "open">
  /** Where the session is held that has this id. */
  readonly accessTo: (id: string) => SessionAccess
}

/** Answers a request if it is one of these. */
export const make = ({ accessTo, doorkeeper, limits, sessions }: SessionRoutesOptions) => {
  const body = ({ request, response }: Asked, then: (body: Buffer) => void): void => {
    const maxBytes = maxMessageBytes(limits)
    readBody(request, maxBytes, (read) => {
      if (read !== undefined) return then(read)
      response.setHeader("connection", "close")
      refuse(response, failure("payload_too_large", `body: limit ${maxBytes} bytes`))
    })
  }

  const create = (asked: Asked): void => {
    const { request, response } = asked
    const admitted = doorkeeper.admit(
      request.socket.remoteAddress ?? "",
      forwardedIn(request.headers)
    )
    if (admitted instanceof Failure) return refuse(response, doorkeeper.refused(admitted))
    body(asked, (read) => sessions.open(read, admitted, (it) => answerOpened(response, it)))
  }

  const lost = (response: ServerResponse, why: Lost): void =>
    refuse(response, failures[why], statusOfLost(why))

  const commands = (asked: Asked, id: string): void =>
    body(asked, (read) =>
      accessTo(id).commands(id, read, (why) => {
        if (why === undefined) asked.response.writeHead(202).end()
        else lost(asked.response, why)
      })
    )

  const end = ({ response }: Asked, id: string): void =>
    accessTo(id).end(id, (why) => {
      if (why === undefined) response.writeHead(204).end()
      else lost(response, why)
    })

  const events = ({ request, response, url }: Asked, id: string): void => {
    const given = request.headers["last-event-id"] ?? url.searchParams.get("cursor")
    const cursor = cursorOf(Array.isArray(given) ? given[0] : given)
    if (cursor instanceof Failure) return refuse(response, cursor)
    let stream: EventStream.EventStream | undefined
    // Not before there is a session, as one that is lost gets a status.
    const opened = () => {
      stream ??= EventStream.open(response, () => reading.resumed())
      return stream
    }
    const reading = accessTo(id).events(id, cursor, {
      lost: (why) => lost(response, why),
      take: ({ cursor, lines }) => opened().write(lines, cursor),
      beat: () => opened().comment(),
      end: () => opened().end()
    })
    response.once("close", reading.left)
  }

  const poll = ({ response, url }: Asked, id: string): void => {
    const cursor = cursorOf(url.searchParams.get("cursor"))
    if (cursor instanceof Failure) return refuse(response, cursor)
    const { left } = accessTo(id).poll(id, cursor, (events) => {
      if (typeof events === "string") lost(response, events)
      else json(response, 200, pollAnswer(events))
    })
    response.once("close", left)
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
}
