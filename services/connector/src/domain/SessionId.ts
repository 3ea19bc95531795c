/**
 * SessionId: the names of one client's continuity.
 *
 * The id is a secret: over SSE and long-polling, whoever has it is the client.
 * Others see the public name instead, which the id proves but does not give away.
 */
import { createHash } from "node:crypto"

/** 128 bits, which nobody guesses. */
const randomBytesOfId = 16

/** To draw random bytes costs 2 µs, for one id or for a page of them. */
const idsInDraw = 256

/** Names `<node>.<22 base64url>`: random, and where to find the session. */
export const sessionIds = (node: string, draw: (bytes: number) => Buffer): (() => string) => {
  let drawn: Buffer = Buffer.alloc(0)
  let used = 0
  return () => {
    if (used === drawn.byteLength) {
      drawn = draw(randomBytesOfId * idsInDraw)
      used = 0
    }
    const from = used
    used += randomBytesOfId
    const id = `${node}.${drawn.toString("base64url", from, used)}`
    // It is a secret, and in one place only.
    drawn.fill(0, from, used)
    return id
  }
}

/** What others may see: 96 bits of the id's digest. */
export const publicNameOf = (sessionId: string): string =>
  createHash("sha256").update(sessionId).digest("base64url").slice(0, 16)

/** The node that an id names; whatever stands before its secret. */
export const nodeOf = (sessionId: string): string =>
  sessionId.slice(0, Math.max(0, sessionId.lastIndexOf(".")))
