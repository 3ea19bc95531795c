/**
 * Session: the names of one client's continuity.
 *
 * The session id is a secret: over SSE and long-polling, whoever has it is the
 * client. Others see the public name instead, which the id proves but does not
 * give away.
 */
import { createHash, randomBytes } from "node:crypto"

/** `<node>.<22 base64url>`: 128 random bits, and where to find the session. */
export const makeSessionId = (node: string): string =>
  `${node}.${randomBytes(16).toString("base64url")}`

/** What others may see: 96 bits of the id's digest. */
export const publicNameOf = (session: string): string =>
  createHash("sha256").update(session).digest("base64url").slice(0, 16)
