/**
 * FanoutCost: what a publication costs a connector, over the number of its subscribers.
 *
 * `a + b × subscribers`: the intercept is what the publication itself costs, the slope
 * a delivery, which shrinks with the burst that one write carries.
 */
import { Effect } from "effect"
import { coresFor, startOptions } from "../Cores.ts"
import { lineThroughDecades, type Point } from "../capacity/Line.ts"
import { drive } from "../Driver.ts"
import type { BurstsJob, BurstsResult } from "../driver/jobs/Bursts.ts"
import { localAddresses } from "../driver/LocalAddresses.ts"
import { median } from "../Pairs.ts"
import type { Chart, Context, Figures } from "../Scenario.ts"
import type { Running, System } from "../System.ts"
import type { Part } from "./Part.ts"

const audiences = [100, 300, 1_000, 3_000, 10_000]
const bursts = [1, 8]

interface Cost extends Figures {
  readonly subscribers: number
  readonly burst: number
  readonly microsPerPublication: number
  readonly microsPerDelivery: number
}

export const burstsOn = (
  { others, publishing, servers, subscribing }: Running,
  more: Pick<BurstsJob, "subscribers" | "perBurst" | "seconds">
) => {
  const job: BurstsJob = {
    kind: "bursts",
    ...{ subscribing, publishing },
    warmupSeconds: Math.min(2, more.seconds),
    channels: ["live:bench"],
    processes: [...servers, ...others],
    localAddresses: localAddresses(0),
    ...more
  }
  return Effect.scoped(drive<BurstsResult>(job, { core: coresFor(1).driverCore }))
}

/** CPU seconds of the processes whose names begin so. */
export const usedBy = ({ cpuSeconds }: BurstsResult, role: string): number =>
  Object.entries(cpuSeconds).reduce(
    (sum, [name, seconds]) => sum + (name.startsWith(role) ? seconds : 0),
    0
  )

const costOf = (result: BurstsResult, subscribers: number, burst: number): Cost => {
  const { deliveries, framesPerRead, lost, misordered, publications } = result
  const connector = usedBy(result, "connector")
  return {
    system: "weir",
    part: "fan-out",
    ...{ subscribers, burst, publications, deliveries, lost, misordered, framesPerRead },
    microsPerPublication: (connector * 1e6) / publications,
    microsPerDelivery: (connector * 1e6) / deliveries,
    routerMicrosPerPublication: (usedBy(result, "router") * 1e6) / publications
  }
}

const medianPoints = (costs: ReadonlyArray<Cost>, figure: keyof Cost): ReadonlyArray<Point> =>
  [...new Set(costs.map(({ subscribers }) => subscribers))].map((subscribers) => [
    subscribers,
    median(costs.filter((it) => it.subscribers === subscribers).map((it) => Number(it[figure])))
  ])

interface Fit {
  readonly figures: Figures
  readonly note: string
}

const fitOf = (costs: ReadonlyArray<Cost>, burst: number): Fit => {
  const { intercept, r2, slope } = lineThroughDecades(medianPoints(costs, "microsPerPublication"))
  const figures: Figures = {
    system: "weir",
    part: "fan-out fit",
    burst,
    publicationMicros: intercept,
    deliveryMicros: slope,
    r2
  }
  return {
    figures,
    note: `a publication in bursts of ${burst} costs a connector ${intercept.toFixed(1)} µs + ${slope.toFixed(2)} µs × subscribers (R² ${r2.toFixed(4)})`
  }
}

const chartOf = (costs: ReadonlyArray<Cost>): Chart => ({
  title: "CPU per delivery, over the number of subscribers",
  x: "subscribers",
  y: "µs per delivery",
  series: bursts.map((burst) => ({
    name: burst === 1 ? "one by one" : `bursts of ${burst}`,
    points: medianPoints(
      costs.filter((it) => it.burst === burst),
      "microsPerDelivery"
    )
  }))
})

export const fanoutCost = Effect.fnUntraced(function* (system: System, context: Context) {
  const { pairs, progress, scale, seconds } = context
  const sizes = audiences.map((it) => Math.max(10, Math.round(it * scale)))
  const costs: Array<Cost> = []
  for (let round = 0; round < pairs; round++) {
    const inTurn = round % 2 === 0 ? sizes : sizes.toReversed()
    yield* Effect.scoped(
      Effect.gen(function* () {
        const running = yield* system.start(startOptions(1, false))
        for (const subscribers of inTurn) {
          for (const burst of bursts) {
            const result = yield* burstsOn(running, { subscribers, perBurst: burst, seconds })
            const cost = costOf(result, subscribers, burst)
            costs.push(cost)
            progress(
              `${subscribers} subscribers, bursts of ${burst}: ${cost.microsPerDelivery.toFixed(2)} µs per delivery`
            )
          }
        }
      })
    )
  }
  const fits = bursts.map((burst) =>
    fitOf(
      costs.filter((it) => it.burst === burst),
      burst
    )
  )
  const part: Part = {
    runs: [...costs, ...fits.map(({ figures }) => figures)],
    ratios: {},
    charts: [chartOf(costs)],
    notes: fits.map(({ note }) => note)
  }
  return part
})
