/**
 * Watch: memory and CPU of processes that are left alone for a while.
 */
import { Effect } from "effect"
import { lineThrough, type Point } from "../capacity/Line.ts"
import { cpuSeconds, residentBytes } from "../ProcStat.ts"

const everySeconds = 5

export interface Watched {
  /** Seconds since the beginning, resident bytes of all together. */
  readonly memory: ReadonlyArray<Point>
  readonly cpuSeconds: number
  readonly seconds: number
}

const sumOf = (pids: ReadonlyArray<number>, of: (pid: number) => number): number =>
  pids.reduce((sum, pid) => sum + of(pid), 0)

export const watch = (pids: ReadonlyArray<number>, minutes: number): Effect.Effect<Watched> =>
  Effect.gen(function* () {
    const begin = performance.now()
    const elapsed = () => (performance.now() - begin) / 1000
    const cpuBefore = sumOf(pids, cpuSeconds)
    const memory: Array<Point> = []
    do {
      memory.push([elapsed(), sumOf(pids, residentBytes)])
      yield* Effect.sleep(Math.min(everySeconds, Math.max(0.1, minutes * 60 - elapsed())) * 1000)
    } while (elapsed() < minutes * 60)
    memory.push([elapsed(), sumOf(pids, residentBytes)])
    return { memory, cpuSeconds: sumOf(pids, cpuSeconds) - cpuBefore, seconds: elapsed() }
  })

/** Bytes per minute, 0 is flat; once what came before has settled. */
export const growthOf = ({ memory, seconds }: Watched): number =>
  lineThrough(memory.filter(([at]) => at >= seconds / 4)).slope * 60
