/**
 * BurstFigures: what scenarios with deliveries have in common: figures, ratios, and
 * what has to be said about a run.
 */
import type { Usage } from "../driver/Usage.ts"
import { median, ratioOf } from "../Pairs.ts"
import type { Chart, Figures, Ratio } from "../Scenario.ts"
import type { Process, Running } from "../System.ts"

export interface Delivered extends Usage {
  readonly publications: number
  readonly deliveries: number
  readonly framesPerRead: number
  readonly lost: number
  readonly misordered: number
}

const sumOf = (cpuSeconds: Usage["cpuSeconds"], processes: ReadonlyArray<Process>): number =>
  processes.reduce((sum, { name }) => sum + (cpuSeconds[name] ?? 0), 0)

/** CPU in seconds per million deliveries: of those that hold sockets, and of all others. */
export const burstFigures = (result: Delivered, { others, servers }: Running) => {
  const { cpuSeconds, deliveries, driverCpuSeconds, seconds } = result
  const millions = deliveries / 1e6
  return {
    cpuPerMillion: sumOf(cpuSeconds, servers) / millions,
    othersCpuPerMillion: sumOf(cpuSeconds, others) / millions,
    deliveriesPerSecond: deliveries / seconds,
    deliveries,
    publications: result.publications,
    seconds,
    framesPerRead: result.framesPerRead,
    serverCores: sumOf(cpuSeconds, servers) / seconds,
    /** Of one core: near 1, the driver is what is measured. */
    driverCores: driverCpuSeconds / seconds,
    lost: result.lost,
    misordered: result.misordered
  }
}

const usualWeir = "weir"

/** `peer@varied`: of one figure, by the order of the rounds. */
export const ratiosBy = (
  runs: ReadonlyArray<Figures>,
  varied: string,
  figure: string,
  base: string = usualWeir
): Readonly<Record<string, Ratio>> => {
  const ratios: Record<string, Ratio> = {}
  const valuesOf = (system: string, value: Figures[string] | undefined) =>
    runs
      .filter((run) => run.system === system && run[varied] === value)
      .map((run) => Number(run[figure]))
  for (const name of new Set(runs.map(({ system }) => system))) {
    if (name === base) continue
    for (const value of new Set(runs.map((run) => run[varied]))) {
      const [ours, theirs] = [valuesOf(base, value), valuesOf(name, value)]
      if (ours.length > 0 && theirs.length > 0) ratios[`${name}@${value}`] = ratioOf(ours, theirs)
    }
  }
  return ratios
}

/** The CPU of a delivery by what was varied: a line for each system, of its medians. */
export const costChart = (
  { title, varied, x }: { readonly title: string; readonly x: string; readonly varied: string },
  runs: ReadonlyArray<Figures>,
  values: ReadonlyArray<number>
): Chart => ({
  title,
  x,
  y: "CPU seconds per million deliveries",
  series: [...new Set(runs.map(({ system }) => system))].map((name) => ({
    name,
    points: values.map((value) => {
      const same = runs.filter((run) => run.system === name && run[varied] === value)
      return [value, median(same.map((run) => Number(run["cpuPerMillion"])))] as const
    })
  }))
})

/** A figure of a run that has lost anything means nothing. */
export const lossNotes = (runs: ReadonlyArray<Figures>): ReadonlyArray<string> => {
  const bad = runs.filter((run) => Number(run["lost"]) + Number(run["misordered"]) > 0)
  if (bad.length === 0) return ["Nothing was lost and nothing came out of order, in any run."]
  return bad.map((run) => `${run.system}: lost ${run["lost"]}, out of order ${run["misordered"]}`)
}

const mostDriverCores = 0.9

/** Beyond this, deliveries/s may be the driver's limit; CPU per delivery is the server's still. */
export const limitNotes = (runs: ReadonlyArray<Figures>): ReadonlyArray<string> => {
  const highest = new Map<string, number>()
  for (const run of runs) {
    const cores = Number(run["driverCores"])
    highest.set(run.system, Math.max(highest.get(run.system) ?? 0, cores))
  }
  const limited = [...highest].filter(([, cores]) => cores > mostDriverCores)
  const most = Math.max(0, ...highest.values()).toFixed(2)
  return [
    `The driver used at most ${most} of a core.`,
    ...limited.map(
      ([name, cores]) =>
        `${name}: the driver used ${cores.toFixed(2)} of a core, so deliveries/s may be its limit`
    )
  ]
}
