/**
 * Dialect: what a subscriber says on its WebSocket, and where in what it hears
 * the publications are.
 *
 * The driver reads raw sockets, because a client library would cost more than the
 * server that is measured. A dialect only finds the payloads.
 */

/** The payload is always this long: 128 bytes, of which `Payload.ts` says what they hold. */
export const payloadBytes = 128

export type DialectName = "weir-json" | "weir-proto" | "plain" | "socket.io" | "nats" | "centrifugo"

export interface Sink {
  /** The subscription stands: what is published now will arrive. */
  readonly ready: () => void
  /** A publication, whose payload begins at this index of the bytes. */
  readonly publication: (bytes: Buffer, at: number) => void
  /** Sends one message to the server. */
  readonly send: (message: string | Uint8Array) => void
}

/** Takes one whole WebSocket message, which stands at [start, end). Throws when it is refused. */
export type Reader = (bytes: Buffer, start: number, end: number) => void

export interface Dialect {
  /** The path of the upgrade request, with its query. */
  readonly path: string | ((channel: string) => string)
  /** `Sec-WebSocket-Protocol`; empty: none. */
  readonly protocol: string
  /** What is said once the socket is open; undefined: it is subscribed at once. */
  readonly hello: ((channel: string, token: string) => string | Uint8Array) | undefined
  /** One for each connection; it may keep what a message has left over. */
  readonly reader: (sink: Sink, channel: string) => Reader
}
