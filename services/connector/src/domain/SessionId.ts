/**
 * SessionId: the names of one client's continuity.
 *
 * The id is a secret: over SSE and long-polling, whoever has it is the client.
 * Others see the public name instead, which the id proves but does not give away.
 */
import { createHash } from "node:crypto"

/** 128 bits, which nobody guesses. */
export const sessionRandomBytes = 16

/** `<node>.<22 base64url>`: random, and where to find the session. */
export const sessionIdOf = (node: string, random: Uint8Array): string =>
  `${node}.${Buffer.from(random).toString("base64url")}`

/** What others may see: 96 bits of the id's digest. */
export const publicNameOf = (sessionId: string): string =>
  createHash("sha256").update(sessionId).digest("base64url").slice(0, 16)
