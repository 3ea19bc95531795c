/**
 * Arrivals: a stream's own time, which passes while it waits for its sender.
 *
 * What was on its way when an answer left arrives within seconds of that time,
 * however long what is before it takes to be decided.
 */

/** Time in which the stream did not read counts so much less: a busy sender's passes, too. */
const busyShare = 1 / 16

export class Arrivals {
  #time = 0
  #since: number

  constructor(monotonicMs: number) {
    this.#since = monotonicMs
  }

  /** Milliseconds of waiting. */
  get time(): number {
    return this.#time
  }

  arrived(monotonicMs: number): void {
    this.#time += monotonicMs - this.#since
    this.#since = monotonicMs
  }

  /** What arrived is decided: the stream reads on. */
  done(monotonicMs: number): void {
    this.#time += (monotonicMs - this.#since) * busyShare
    this.#since = monotonicMs
  }
}
