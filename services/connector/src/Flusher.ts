/**
 * Flusher: writes what connections have waiting, round by round.
 *
 * No fiber for a connection or a message, since to wake one costs more than the write; and none
 * for the rounds either: where each publication has a round of its own, that was a fifth of what
 * it cost. A round takes in what the lanes have brought, and then writes to each connection once,
 * whatever it was given. What comes meanwhile is the next round's, so that batches grow by
 * themselves: a server that writes each publication at once stops at 100,000 deliveries a second,
 * this one carries ten times as many.
 *
 * What comes after a quiet time is written at the end of the turn of the event loop in which
 * it came. A round that took long is followed by a rest: writing to 1,000 connections takes
 * 7 to 13 ms whether each gets one publication or fifteen, and so 1,000 publications a second,
 * to each of them, fit one core.
 */
import { monotonicMs } from "@weir/flow/Monotonic"
import { Cause, Clock, Effect } from "effect"

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
  /** Begins a round soon; nothing while one is to come anyway, or nobody runs them. */
  #wake: (() => void) | undefined
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
    this.#wake?.()
  }

  /** It has something to write. */
  add(flushable: Flushable): void {
    if (flushable.isWaiting) return
    flushable.isWaiting = true
    if (this.#last === undefined) this.#first = flushable
    else this.#last.behind = flushable
    this.#last = flushable
    this.#wake?.()
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
    const log = Effect.runForkWith(yield* Effect.context<never>())
    return yield* Effect.callback<never>(() =>
      Effect.sync(
        this.#runWith(
          () => monotonicMs(clock),
          (defect) =>
            void log(Effect.logError("a connection could not be flushed", Cause.die(defect)))
        )
      )
    )
  })

  /** Runs until what it returns is called. */
  #runWith(now: () => number, died: (defect: unknown) => void): () => void {
    let next: NodeJS.Immediate | undefined
    let rest: NodeJS.Timeout | undefined
    let busyMs = 0
    const wake = () => {
      this.#wake = undefined
      next = setImmediate(step)
    }
    const goOn = () => {
      this.#isResting = false
      this.#wake = wake
      if (this.#first !== undefined || this.#intakes.length > 0) wake()
    }
    const step = () => {
      const begin = now()
      try {
        if (this.#next === undefined) {
          busyMs = 0
          this.#begin()
        }
        this.#flushSome(now)
      } catch (defect) {
        // The round goes on with the next connection.
        died(defect)
      }
      busyMs += now() - begin
      if (this.#next !== undefined) return wake()
      const restMs = restAfter(busyMs, this.#flushed)
      if (restMs === 0) return goOn()
      this.#isResting = true
      rest = setTimeout(goOn, restMs)
    }
    goOn()
    return () => {
      this.#wake = undefined
      clearImmediate(next)
      clearTimeout(rest)
    }
  }
}
