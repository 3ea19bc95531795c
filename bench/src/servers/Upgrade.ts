/**
 * Upgrade: the server's half of a WebSocket handshake, by hand, for servers of ours
 * that do nothing else.
 */
import { createHash } from "node:crypto"

/** RFC 6455 §1.3. */
const magic = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

export interface Handshake {
  /** The path, which names a channel: see the dialect `plain`. */
  readonly channel: string
  readonly answer: string
}

/** Of a whole request; undefined: it is none. */
export const readHandshake = (request: string): Handshake | undefined => {
  const path = /^GET \/(\S*) HTTP/.exec(request)?.[1]
  const key = /^sec-websocket-key: *(\S+)/im.exec(request)?.[1]
  if (path === undefined || key === undefined) return undefined
  const accept = createHash("sha1")
    .update(key + magic)
    .digest("base64")
  return {
    channel: decodeURIComponent(path),
    answer:
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
      `Sec-WebSocket-Accept: ${accept}\r\n\r\n`
  }
}
