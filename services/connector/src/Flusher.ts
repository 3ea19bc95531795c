/**
 * Flusher: writes what connections have waiting, round by round.
 *
 * One fiber for all connections, and none for a connection or a message: to wake one costs
 * more than the write. A round takes in what the lanes have brought, and then writes to each
 * connection once, whatever it was given. What comes meanwhile is the next round's, so that
 * batches grow by themselves: a server that writes each publication at once stops at 100,000
 * deliveries a second, this one carries ten times as many.
 *
 * What comes after a quiet time is written at the end of the turn of the event loop in which
 * it came. A round that took long is followed by a rest: writing to 1,000 connections takes
 * 7 to 13 ms whether each gets one publication or fifteen, and so 1,000 publications a second,
 * to each of them, fit one core.
 */
import { monotonicMs } from "@weir/flow/Monotonic"
import { Clock, Effect, Latch } from "effect"

/** What may be flushed. */
export interface Flushable {
  /** Who waits behind it: the flusher's list is made of these, and allocates nothing. */
  behind: Flushable | undefined
  /** It is in the list, whether it has something to write by then or not. */
  isWaiting: boolean
  readonly flush: (nowMillis: number, join?: Join) => void
  /** Its flush has thrown, and what waited is lost: nobody may think that it was written. */
  readonly giveUp: () => void
}

/** Chunks in their order, as one. */
export type Join = (first: Uint8Array, others: ReadonlyArray<Uint8Array>) => Uint8Array

interface Joined {
  readonly others: ReadonlyArray<Uint8Array>
  readonly chunk: Uint8Array
}

/** After this, everybody else has a turn: heartbeats, requests, the mesh. */
const sliceMs = 5

/** The clock is not read for each connection. */
const looksEvery = 32

/**
 * Writing to fewer takes well below a millisecond: a round of them that took long was held up
 * by something else, as on a machine that has more to do, and its clients have waited enough.
 */
const fewConnections = 32

/**
 * Rounds take at most a quarter of the time, but the next one begins at the latest so long after
 * the one before. So what a delivery costs does not depend on how many connectors share the load.
 */
const restFactor = 3
const longestCycleMs = 15

/** How long to rest after a round that took so long to write to so many. */
export const restAfter = (busyMs: number, connections: number): number =>
  connections < fewConnections
    ? 0
    : Math.max(0, Math.floor(Math.min(restFactor * busyMs, longestCycleMs - busyMs)))

export class Flusher {
  readonly #hasWork = Latch.makeUnsafe(false)
  #intakes: Array<() => void> = []
  /** The first and the last of those who wait for the next round. */
  #first: Flushable | undefined
  #last: Flushable | undefined
  /** The next one of this round. */
  #next: Flushable | undefined
  /** Written to in this round. */
  #flushed = 0
  #isResting = false
  /** What was joined in this round, by its first chunk: who has the same channels has the same. */
  #joins = new Map<Uint8Array, Joined>()

  /** A round goes on, or its rest: what is added now may wait for some milliseconds. */
  get isBusy(): boolean {
    return this.#isResting || this.#next !== undefined
  }

  /** Calls it once, at the begin of the next round. It must not throw. */
  beforeFlush(intake: () => void): void {
    this.#intakes.push(intake)
    this.#hasWork.openUnsafe()
  }

  /** It has something to write. */
  add(flushable: Flushable): void {
    if (flushable.isWaiting) return
    flushable.isWaiting = true
    if (this.#last === undefined) this.#first = flushable
    else this.#last.behind = flushable
    this.#last = flushable
    this.#hasWork.openUnsafe()
  }

  readonly #join: Join = (first, others) => {
    const known = this.#joins.get(first)
    const isSame =
      known?.others.length === others.length &&
      known.others.every((chunk, index) => chunk === others[index])
    if (isSame) return known.chunk
    const chunk = Buffer.concat([first, ...others])
    this.#joins.set(first, { others, chunk })
    return chunk
  }

  #begin(): void {
    this.#hasWork.closeUnsafe()
    const intakes = this.#intakes
    this.#intakes = []
    for (const intake of intakes) intake()
    this.#next = this.#first
    this.#flushed = 0
    this.#first = undefined
    this.#last = undefined
  }

  /** Goes on with the round, for a while. */
  #flushSome(now: () => number): void {
    const end = now() + sliceMs
    const nowMillis = Date.now()
    while (this.#next !== undefined) {
      const flushable: Flushable = this.#next
      this.#next = flushable.behind
      flushable.behind = undefined
      flushable.isWaiting = false
      this.#flushed++
      try {
        flushable.flush(nowMillis, this.#join)
      } catch (defect) {
        flushable.giveUp()
        throw defect
      }
      if (this.#flushed % looksEvery === 0 && now() > end) return
    }
    // Not cleared, as `flow/TransientMap` says.
    if (this.#joins.size > 0) this.#joins = new Map()
  }

  /** Flushes for ever. */
  readonly run: Effect.Effect<never> = Effect.gen({ self: this }, function* () {
    const clock = yield* Clock.Clock
    const now = () => monotonicMs(clock)
    let busyMs = 0
    const step = Effect.gen({ self: this }, function* () {
      if (this.#next === undefined) {
        yield* this.#hasWork.await
        busyMs = 0
      }
      yield* Effect.yieldNow
      const begin = now()
      if (this.#next === undefined) this.#begin()
      this.#flushSome(now)
      busyMs += now() - begin
      const restMs = restAfter(busyMs, this.#flushed)
      if (this.#next !== undefined || restMs === 0) return
      this.#isResting = true
      yield* Effect.sleep(restMs)
      this.#isResting = false
    })
    // A round that died of one connection goes on with the next one.
    const survived = Effect.catchCause(step, (cause) =>
      Effect.logError("a connection could not be flushed", cause)
    )
    return yield* Effect.forever(survived, { disableYield: true })
  })
}
