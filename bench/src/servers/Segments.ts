/**
 * Segments: two ways of doing the same in one process, in turn, and the CPU that each takes.
 *
 * Who publishes waits until a burst has arrived everywhere. So all that the process does from
 * the begin of a burst to the begin of the next one belongs to the way that the burst went,
 * and the way changes between two bursts only.
 */
import { median } from "../Pairs.ts"

export type Way = "weir" | "loop"

export interface Segment {
  readonly way: Way
  /** Since the first burst. */
  readonly beganMillis: number
  readonly millis: number
  /** User and system time of the whole process, whatever thread it was. */
  readonly cpuMicros: number
  readonly deliveries: number
}

/** Ten bursts or more, and short beside the drift of a machine. */
export const segmentMillis = 300

const processCpuMicros = (): number => {
  const { system, user } = process.cpuUsage()
  return system + user
}

export class Segments {
  readonly #cpuMicros: () => number
  readonly #closed: Array<Segment> = []
  #way: Way = "loop"
  #firstAt: number | undefined
  #beganAt = 0
  #cpuBefore = 0
  #deliveries = 0

  constructor(cpuMicros: () => number = processCpuMicros) {
    this.#cpuMicros = cpuMicros
  }

  /** Those that have ended: the last one may be cut off in the middle of a burst. */
  get closed(): ReadonlyArray<Segment> {
    return this.#closed
  }

  /** A burst begins, of so many deliveries: this way. */
  begin(nowMillis: number, deliveries: number): Way {
    if (this.#firstAt === undefined) {
      this.#firstAt = nowMillis
      this.#open(nowMillis)
    } else if (nowMillis - this.#beganAt >= segmentMillis) {
      this.#close(nowMillis, this.#firstAt)
      this.#way = this.#way === "loop" ? "weir" : "loop"
      this.#open(nowMillis)
    }
    this.#deliveries += deliveries
    return this.#way
  }

  #open(nowMillis: number): void {
    this.#beganAt = nowMillis
    this.#cpuBefore = this.#cpuMicros()
    this.#deliveries = 0
  }

  #close(nowMillis: number, firstAt: number): void {
    this.#closed.push({
      way: this.#way,
      beganMillis: this.#beganAt - firstAt,
      millis: nowMillis - this.#beganAt,
      cpuMicros: this.#cpuMicros() - this.#cpuBefore,
      deliveries: this.#deliveries
    })
  }
}

/** CPU seconds for a million deliveries. */
export const cpuPerMillion = (segments: ReadonlyArray<Segment>): number => {
  const sumOf = (figure: "cpuMicros" | "deliveries") =>
    segments.reduce((sum, it) => sum + it[figure], 0)
  return sumOf("cpuMicros") / sumOf("deliveries")
}

/**
 * The loop's cost over Weir's, of each two that follow one another; above 1, Weir is cheaper.
 * Either is the first of the two as often as the other, so that a drift raises one ratio and
 * lowers the next. NaN of less than two.
 */
export const loopOverWeir = (segments: ReadonlyArray<Segment>): number =>
  median(
    segments.slice(1).map((segment, index) => {
      const [loop, weir] = [segment, segments[index]!].toSorted((a, b) =>
        a.way.localeCompare(b.way)
      )
      return cpuPerMillion([loop!]) / cpuPerMillion([weir!])
    })
  )
