/**
 * Shedding: who has to go when memory runs out: those who lose the least.
 *
 * The youngest of the idle ones: whoever hears something is left alone, and who has been here for
 * long has more that it would have to read again. A few at a time, as memory is given back late.
 */
import type { Session } from "./Session.ts"

/** Nothing was said in either direction for so long. */
const idleMs = 5_000

const shareOfStep = 1 / 100
const mostOfStep = 200

const isIdle = ({ connection, lastReceivedAt, pending, phase }: Session, nowMillis: number) =>
  phase === "connected" &&
  !connection.closed &&
  pending === 0 &&
  nowMillis - lastReceivedAt >= idleMs &&
  nowMillis - connection.lastSentAt >= idleMs

/** `sessions` are in the order in which they came. */
export const shedSome = (sessions: ReadonlySet<Session>, nowMillis: number): number => {
  const step = Math.min(mostOfStep, Math.ceil(sessions.size * shareOfStep))
  const youngest = [...sessions].filter((session) => isIdle(session, nowMillis)).slice(-step)
  for (const { connection } of youngest) connection.close("rebalance")
  return youngest.length
}
