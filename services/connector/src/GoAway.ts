/**
 * GoAway: asks a client to leave by itself, before its connection is ended.
 *
 * It comes back, here or elsewhere, at a moment of its own choice, and so misses nothing and
 * meets no crowd. Who does not listen is ended when the notice is over.
 */
import { closeCodes } from "@weir/core/CloseCode"
import type { LeavingName } from "./domain/Leaving.ts"
import type { Session } from "./Session.ts"

/** Whoever calls it ends the connection at `leaving.at`. Once asked is enough. */
export const sendAway = (
  session: Session,
  name: LeavingName,
  nowMillis: number,
  noticeMs: number
): void => {
  const { connection } = session
  if (session.leaving !== undefined || connection.closed) return
  // It has nothing here that it could miss, and may not be told anything yet.
  if (session.phase !== "connected") return connection.close(name)
  session.leaving = { at: nowMillis + noticeMs, name }
  const { after, code } = closeCodes[name]
  connection.send({ $case: "goaway", value: { code, closeInMs: noticeMs, afterMs: after } })
}
