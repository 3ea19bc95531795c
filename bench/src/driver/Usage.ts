/**
 * Usage: what processes use between two moments, the driver among them.
 */
import { cpuSeconds } from "../ProcStat.ts"
import type { Process } from "../System.ts"
import { nowMicros } from "./Clock.ts"

export interface Usage {
  readonly seconds: number
  /** Of each process, by its name. */
  readonly cpuSeconds: Readonly<Record<string, number>>
  /** Of the driver itself: at 1 per second it is the limit, and not what is measured. */
  readonly driverCpuSeconds: number
}

/** Begins a window; what it returns ends it. */
export const beginUsage = (processes: ReadonlyArray<Process>): (() => Usage) => {
  const begin = nowMicros()
  const own = process.cpuUsage()
  const before = processes.map(({ pid }) => cpuSeconds(pid))
  return () => {
    const { system, user } = process.cpuUsage(own)
    const used = processes.map(
      ({ name, pid }, index) => [name, cpuSeconds(pid) - before[index]!] as const
    )
    return {
      seconds: (nowMicros() - begin) / 1e6,
      cpuSeconds: Object.fromEntries(used),
      driverCpuSeconds: (user + system) / 1e6
    }
  }
}
