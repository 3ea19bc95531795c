/**
 * Handshake: the request that is to become a WebSocket (RFC 6455 §4.2), and its refusal.
 *
 * `ws` judges most of it. Here is what it takes that it should not: version 8, and HTTP
 * without a host or before 1.1.
 */
import type { IncomingMessage } from "node:http"
import type { Duplex } from "node:stream"

export interface Upgrade {
  readonly path: string
  readonly origin: string | undefined
  /** The peer's IP address. */
  readonly address: string
  /** What proxies say of whom they heard from, if they do. */
  readonly forwarded: string | undefined
  /** As the client prefers them; empty when it offers none. */
  readonly protocols: ReadonlyArray<string>
}

export interface Refusal {
  readonly status: number
  readonly body: object
  readonly headers?: Readonly<Record<string, string | number | undefined>>
}

/** How long a refusal may take to leave. */
const refusalTimeoutMs = 1_000

/** A path, or all of an address: proxies may send that. */
const pathOf = (url: string): string => url.replace(/^https?:\/\/[^/?]*/i, "").split("?", 1)[0]!

/** Of several such headers, all in their order. */
export const forwardedIn = ({
  "x-forwarded-for": forwarded
}: IncomingMessage["headers"]): string | undefined =>
  Array.isArray(forwarded) ? forwarded.join(",") : forwarded

export const upgradeOf = ({ headers, socket, url = "/" }: IncomingMessage): Upgrade => {
  const offered = headers["sec-websocket-protocol"]
  return {
    path: pathOf(url),
    origin: headers.origin,
    address: socket.remoteAddress ?? "",
    forwarded: forwardedIn(headers),
    protocols:
      offered
        ?.split(",")
        .map((protocol) => protocol.trim())
        .filter((protocol) => protocol !== "") ?? []
  }
}

export const badRequest = (
  message: string,
  status = 400,
  headers: Refusal["headers"] = {}
): Refusal => ({ status, body: { code: "bad_request", message, retryAfterMs: 0 }, headers })

/** What a client may ask for along with it that is done anyway, or that we make no use of. */
const deflateParameter =
  /^(server_no_context_takeover|client_no_context_takeover|client_max_window_bits(?:\s*=\s*("?)(?:[89]|1[0-5])\2)?)$/

const isDeflateOffer = (offer: string): boolean => {
  const [name, ...parameters] = offer.split(";").map((part) => part.trim())
  const names = parameters.map((parameter) => parameter.split(/[\s=]/, 1)[0])
  return (
    name === "permessage-deflate" &&
    parameters.every((parameter) => deflateParameter.test(parameter)) &&
    new Set(names).size === names.length
  )
}

/**
 * Leaves of the extensions offered the one that is taken, in the form that all agree to. An offer
 * that asks for more, such as a smaller window for what we send, or that is malformed, is declined
 * (RFC 7692 §7.1): `ws` would refuse the handshake.
 */
export const settleExtensions = ({ headers }: IncomingMessage): void => {
  const offers = headers["sec-websocket-extensions"]?.split(",") ?? []
  if (offers.some(isDeflateOffer)) headers["sec-websocket-extensions"] = "permessage-deflate"
  else delete headers["sec-websocket-extensions"]
}

/** What is wrong with it as a handshake, as far as `ws` does not look. */
export const check = (request: IncomingMessage): Refusal | undefined => {
  const { headers, headersDistinct, httpVersion, method } = request
  if (method !== "GET") return badRequest("method: must be GET", 405, { Allow: "GET" })
  if (Number(httpVersion) < 1.1) return badRequest("HTTP: must be 1.1")
  if (headersDistinct.host?.length !== 1) return badRequest("Host: must be there, once")
  if (headers["sec-websocket-version"] === "13") return undefined
  return badRequest("Sec-WebSocket-Version: must be 13", 426, {
    Connection: "close, Upgrade",
    Upgrade: "websocket",
    "Sec-WebSocket-Version": 13
  })
}

export const refuse = (socket: Duplex, { body, headers = {}, status }: Refusal): void => {
  const json = JSON.stringify(body)
  const lines = Object.entries({
    Connection: "close",
    ...headers,
    "Content-Type": "application/json",
    "Content-Length": Buffer.byteLength(json)
  }).flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}\r\n`]))
  socket.on("error", () => socket.destroy())
  // After an upgrade nobody else closes the socket: a client that neither reads nor goes
  // would hold it for ever.
  const cut = setTimeout(() => socket.destroy(), refusalTimeoutMs)
  socket.once("close", () => clearTimeout(cut))
  socket.once("finish", () => socket.destroy())
  socket.end(`HTTP/1.1 ${status} Refused\r\n${lines.join("")}\r\n${json}`)
}
