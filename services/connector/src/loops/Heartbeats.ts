/**
 * Heartbeats: finds connections that are dead, late, expired or old.
 *
 * No timer and no fiber for each of them, and no walk over all: a connection is looked at
 * when it may be due, which for an idle one is twice in a heartbeat. What it receives and
 * sends meanwhile puts that off, but does not move it: it is found not to be due, and waits
 * again. With 15,000 of them that took a third of the CPU of a walk over all each second,
 * pings included. `check` and `dueAt` are the rules for one, with the time as an argument.
 */
import { TimerWheel } from "@weir/flow/TimerWheel"
import { Effect, Schedule } from "effect"
import { maxAgeMs } from "../domain/MaxAge.ts"
import { sendAway } from "../GoAway.ts"
import type { Session } from "../Session.ts"

/** How long a client may take to answer a ping. */
const pongTimeoutMs = 8_000

/** When a client is told that its token runs out: time for a new one. */
const expiryWarningMs = 60_000

/** Clocks differ; auth accepts a token this long after its end. */
const expiryLeewayMs = 30_000

/** For who is asked to leave for its age: above the 5 s within which it is to come back. */
const rebalanceNoticeMs = 6_000

/** When it is old, and when it has to be gone once it was told so. */
const leavesAt = ({ awaitingConnectSince, id, leaving, limits }: Session): number =>
  leaving?.at ?? awaitingConnectSince + maxAgeMs(limits.connectionMaxAgeSeconds, id)

/**
 * When it is to be asked for a sign of life: it was told nothing, or nothing was heard of it. Who
 * is sent a lot may be dead all the same, for as long as something on the way takes it.
 */
const beatAt = ({ answersBeats, connection, lastReceivedAt, limits }: Session): number =>
  (answersBeats ? Math.min(connection.lastSentAt, lastReceivedAt) : connection.lastSentAt) +
  limits.heartbeatMs

export const check = (session: Session, nowMillis: number): void => {
  const { connection, identity, leaving, limits } = session
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
  if (nowMillis >= leavesAt(session)) {
    if (leaving !== undefined) return connection.close(leaving.name)
    sendAway(session, "rebalance", nowMillis, rebalanceNoticeMs)
  }
  if (session.pingedAt > 0) {
    if (session.lastReceivedAt >= session.pingedAt) session.pingedAt = 0
    else if (nowMillis - session.pingedAt >= pongTimeoutMs) return connection.close("no_pong")
    else return
  }
  if (nowMillis < beatAt(session)) return
  const isBeat = connection.beat(nowMillis)
  if (isBeat && !session.answersBeats) return
  session.pingedAt = nowMillis
  if (!isBeat) connection.send({ $case: "ping", value: {} })
}

/** When `check` may have something to do; undefined while there is nothing to wait for. */
export const dueAt = (session: Session): number | undefined => {
  const { connection, identity, limits, pingedAt } = session
  if (connection.closed) return undefined
  if (session.phase === "new") return session.awaitingConnectSince + limits.connectTimeoutMs
  if (identity === undefined || session.phase === "connecting") return undefined
  const { expiresAt } = identity
  return Math.min(
    session.warnedOfExpiry ? expiresAt + expiryLeewayMs : expiresAt - expiryWarningMs,
    leavesAt(session),
    // Where heartbeats are shorter than that, the next is due before: it may have answered.
    pingedAt > 0 ? pingedAt + Math.min(pongTimeoutMs, limits.heartbeatMs) : beatAt(session)
  )
}

const sweepMs = 1_000

/** Finer than the sweep, so that nobody waits for a second one. */
const tickMs = 250

/** A minute, which is beyond the heartbeats that are of use. */
const slots = 240

/**
 * After a pause of the whole process, timers run before sockets: what clients sent
 * meanwhile is not read yet, and nobody may be called late for it.
 */
const pausedMs = 2 * sweepMs

export class Heartbeats {
  readonly #wheel: TimerWheel<Session>
  #sweptAt: number
  #wasPaused = false

  constructor(nowMillis: number) {
    this.#wheel = new TimerWheel({ tickMs, slots, nowMillis })
    this.#sweptAt = nowMillis
  }

  /** Looks after it from now on; once more where its deadlines have come nearer. */
  watch(session: Session): void {
    const due = dueAt(session)
    if (due === undefined) this.#wheel.delete(session)
    else this.#wheel.add(session, due)
  }

  forget(session: Session): void {
    this.#wheel.delete(session)
  }

  sweep(nowMillis: number): void {
    // Once: under lasting overload every sweep is late, and then they are needed most.
    const isPaused = nowMillis - this.#sweptAt > pausedMs && !this.#wasPaused
    this.#sweptAt = nowMillis
    this.#wasPaused = isPaused
    if (isPaused) return
    for (const session of this.#wheel.take(nowMillis)) {
      check(session, nowMillis)
      this.watch(session)
    }
  }

  /** Sweeps for ever. */
  readonly run = Effect.repeat(
    Effect.sync(() => this.sweep(Date.now())),
    Schedule.spaced(sweepMs)
  )
}
