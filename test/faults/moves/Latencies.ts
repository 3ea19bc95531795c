/**
 * Latencies: how long things took, as percentiles.
 */
export interface Percentiles {
  readonly count: number
  readonly p50: number
  readonly p99: number
  readonly max: number
}

export class Latencies {
  readonly #millis: Array<number> = []

  add(millis: number): void {
    this.#millis.push(millis)
  }

  percentiles(): Percentiles {
    const sorted = this.#millis.toSorted((a, b) => a - b)
    const at = (share: number) => Math.round(sorted[Math.floor((sorted.length - 1) * share)] ?? 0)
    return { count: sorted.length, p50: at(0.5), p99: at(0.99), max: at(1) }
  }
}
