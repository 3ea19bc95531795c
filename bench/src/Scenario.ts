/**
 * Scenario: one question, and the figures that answer it.
 */
import type { Effect, Scope } from "effect"
import type { BenchFailure, System } from "./System.ts"

/** Figures of one run of one system, flat: numbers, or null where a system has none. */
export interface Figures {
  readonly system: string
  readonly [figure: string]: number | string | null | ReadonlyArray<number>
}

/** Above 1: Weir is cheaper (or quicker, or smaller). */
export interface Ratio {
  readonly median: number
  readonly min: number
  readonly max: number
  /** How many pairs. */
  readonly pairs: number
}

/** One line of a chart: points of [x, y]. */
export interface Series {
  readonly name: string
  readonly points: ReadonlyArray<readonly [number, number]>
}

export interface Chart {
  readonly title: string
  readonly x: string
  readonly y: string
  readonly series: ReadonlyArray<Series>
}

export interface Result {
  readonly scenario: string
  readonly runs: ReadonlyArray<Figures>
  /** Figures that were set and not measured: runs that agree in them are one row of a table. */
  readonly settings?: ReadonlyArray<string>
  /** Keys such as `socket.io@8`: the peer, and what was varied. */
  readonly ratios: Readonly<Record<string, Ratio>>
  readonly charts: ReadonlyArray<Chart>
  /** Fits, saturation points, whatever one line says. */
  readonly notes: ReadonlyArray<string>
}

export interface Context {
  /** Weir first, then its peers, those only that can run here. */
  readonly systems: ReadonlyArray<System>
  /** Pairs of runs for every ratio, in turn. */
  readonly pairs: number
  /** Seconds that each run is measured. */
  readonly seconds: number
  /** Scales counts down for a quick look: 1 is the whole thing. */
  readonly scale: number
  /** What is going on, for people, on standard error. */
  readonly progress: (line: string) => void
  /** Other options of the command line, by name. */
  readonly options: Readonly<Record<string, string | undefined>>
}

export interface Scenario {
  readonly name: string
  /** One line for `--help`. */
  readonly summary: string
  /** Peers that it knows how to compare with. */
  readonly peers: ReadonlyArray<string>
  /** Sockets are to have small buffers, where the machine allows that. */
  readonly smallBuffers?: true
  readonly run: (context: Context) => Effect.Effect<Result, BenchFailure, Scope.Scope>
}
