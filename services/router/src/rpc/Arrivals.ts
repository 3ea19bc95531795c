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
  #share = 1

  constructor(monotonicMs: number) {
    this.#since = monotonicMs
  }

  /** Milliseconds of waiting, as of the last arrival or the last time it was done with one. */
  get time(): number {
    return this.#time
  }

  /** Milliseconds of waiting until now. */
  at(monotonicMs: number): number {
    return this.#time + (monotonicMs - this.#since) * this.#share
  }

  arrived(monotonicMs: number): void {
    this.#pass(monotonicMs, busyShare)
  }

  /** The stream reads on. */
  done(monotonicMs: number): void {
    this.#pass(monotonicMs, 1)
  }

  #pass(monotonicMs: number, share: number): void {
    this.#time = this.at(monotonicMs)
    this.#since = monotonicMs
    this.#share = share
  }
}
