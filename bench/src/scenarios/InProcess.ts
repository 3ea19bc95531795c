/**
 * InProcess: what Weir adds to a delivery: its own way against a plain loop in the same
 * process, on the same sockets, in turn.
 *
 * Beside `fanout`, which compares whole systems, it leaves out what differs between two
 * processes: how their memory lies, what the kernel gave their sockets, and what a connector
 * does beside deliveries.
 */
import { Effect, type Scope } from "effect"
import { coresFor, startOptions } from "../Cores.ts"
import { drive } from "../Driver.ts"
import type { BurstsJob, BurstsResult } from "../driver/jobs/Bursts.ts"
import { spreadOf } from "../Pairs.ts"
import type { Context, Figures, Ratio, Scenario } from "../Scenario.ts"
import { BenchFailure } from "../System.ts"
import { onlyChannel } from "../servers/Envelope.ts"
import {
  cpuPerMillion,
  loopOverWeir,
  type Segment,
  segmentMillis,
  type Way
} from "../servers/Segments.ts"
import { startInProcess } from "../systems/InProcess.ts"
import { limitNotes, lossNotes } from "./BurstFigures.ts"
import { chartByTurn, perTurnOf } from "./PerTurn.ts"

const usualSubscribers = 1_000

const ways: ReadonlyArray<Way> = ["weir", "loop"]

/** Of one process. */
interface Run {
  /** A row for each way. */
  readonly figures: ReadonlyArray<Figures>
  readonly ratio: number
}

const costOf = (way: Way, segments: ReadonlyArray<Segment>) => {
  const own = segments.filter((it) => it.way === way)
  const deliveries = own.reduce((sum, it) => sum + it.deliveries, 0)
  const seconds = own.reduce((sum, it) => sum + it.millis, 0) / 1000
  return {
    cpuPerMillion: cpuPerMillion(own),
    deliveriesPerSecond: deliveries / seconds,
    deliveries,
    seconds,
    segments: own.length
  }
}

const runOnce = Effect.fnUntraced(function* (
  perBurst: number,
  { progress, scale, seconds }: Context
): Effect.fn.Return<Run, BenchFailure, Scope.Scope> {
  const { running, segments: ask, versions } = yield* startInProcess(startOptions(1, false))
  const { publishing, servers, subscribing } = running
  const subscribers = Math.max(2, Math.round(usualSubscribers * scale))
  const warmupSeconds = Math.min(3, seconds)
  const job: BurstsJob = {
    kind: "bursts",
    ...{ subscribing, publishing, subscribers, channels: [onlyChannel], perBurst },
    ...{ seconds, warmupSeconds, processes: servers }
  }
  const result = yield* drive<BurstsResult>(job, { core: coresFor(1).driverCore })
  const segments = (yield* ask).filter((it) => it.beganMillis >= warmupSeconds * 1000)
  const ratio = loopOverWeir(segments)
  if (Number.isNaN(ratio)) {
    return yield* new BenchFailure({ message: `--seconds: too short for two segments: ${seconds}` })
  }
  const figures = ways.map(
    (way): Figures => ({
      ...{ system: way, version: versions[way], subscribers, perTurn: perBurst },
      ...costOf(way, segments),
      // Of both together: whoever reads cannot tell which way it came.
      bytesPerDelivery: result.bytesPerDelivery,
      framesPerRead: result.framesPerRead,
      driverCores: result.driverCpuSeconds / result.seconds,
      lost: result.lost,
      misordered: result.misordered
    })
  )
  const costs = figures.map((it) => `${it.system} ${Number(it["cpuPerMillion"]).toFixed(3)}`)
  progress(`@${perBurst}: ${costs.join(", ")} CPU s per million; ratio ${ratio.toFixed(3)}`)
  return { figures, ratio }
})

export const scenario: Scenario = {
  name: "inprocess",
  summary: "Weir's way of a delivery and a plain loop's, in one process; --per-turn 1,8,32",
  peers: [],
  run: Effect.fnUntraced(function* (context) {
    const perTurn = perTurnOf(context)
    const figures: Array<Figures> = []
    const ratios: Record<string, Ratio> = {}
    for (const count of perTurn) {
      const once = Effect.scoped(runOnce(count, context))
      const runs = yield* Effect.replicateEffect(once, context.pairs)
      figures.push(...runs.flatMap((run) => run.figures))
      ratios[`loop@${count}`] = spreadOf(runs.map(({ ratio }) => ratio))
    }
    return {
      scenario: "inprocess",
      runs: figures,
      settings: ["subscribers", "perTurn"],
      ratios,
      charts: [chartByTurn("CPU per delivery, in one process", figures, perTurn)],
      notes: [
        `The way changes every ${segmentMillis} ms; the ratio of a run is the median of those of neighbouring segments.`,
        ...lossNotes(figures),
        ...limitNotes(figures.filter(({ system }) => system === "weir"))
      ]
    }
  })
}
