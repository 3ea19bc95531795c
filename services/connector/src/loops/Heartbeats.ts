/**
 * Heartbeats: finds connections that are dead, late or expired.
 *
 * One walk over all connections a second: no timer and no fiber for each of
 * them. `check` is the rule for one, with the time as an argument.
 */
import { Effect, Schedule } from "effect"
import type { Session } from "../Session.ts"

/** How long a client may take to answer a ping. */
const pongTimeoutMs = 8_000

/** When a client is told that its token runs out: time for a new one. */
const expiryWarningMs = 60_000

/** Clocks differ; auth accepts a token this long after its end. */
const expiryLeewayMs = 30_000

export const check = (session: Session, nowMillis: number): void => {
  const { connection, identity, limits } = session
  if (session.phase === "new") {
    if (nowMillis - session.awaitingConnectSince >= limits.connectTimeoutMs) {
      connection.close("connect_timeout")
    }
    return
  }
  // What takes long then is our own doing, and has deadlines of its own.
  if (identity === undefined || session.phase === "connecting") return
  const { expiresAt } = identity
  if (nowMillis >= expiresAt + expiryLeewayMs) return connection.close("token_expired")
  if (nowMillis >= expiresAt - expiryWarningMs && !session.warnedOfExpiry) {
    session.warnedOfExpiry = true
    connection.send({ $case: "expiring", value: { expiresAt } })
  }
  if (session.pingedAt > 0) {
    if (session.lastReceivedAt >= session.pingedAt) session.pingedAt = 0
    else if (nowMillis - session.pingedAt >= pongTimeoutMs) return connection.close("no_pong")
    else return
  }
  if (nowMillis - connection.lastSentAt >= limits.heartbeatMs) {
    session.pingedAt = nowMillis
    connection.send({ $case: "ping", value: {} })
  }
}

const sweepMs = 1_000

/**
 * After a pause of the whole process, timers run before sockets: what clients sent
 * meanwhile is not read yet, and nobody may be called late for it.
 */
const pausedMs = 2 * sweepMs

export const run = (sessions: () => Iterable<Session>) => {
  let sweptAt = Date.now()
  let wasPaused = false
  const sweep = Effect.sync(() => {
    const now = Date.now()
    // Once: under lasting overload every sweep is late, and then they are needed most.
    const isPaused = now - sweptAt > pausedMs && !wasPaused
    sweptAt = now
    wasPaused = isPaused
    if (isPaused) return
    for (const session of sessions()) check(session, now)
  })
  return Effect.repeat(sweep, Schedule.spaced(sweepMs))
}
