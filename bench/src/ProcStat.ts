/**
 * ProcStat: what the kernel knows about a process: its CPU time and its memory.
 *
 * Linux only. A process that is gone has used nothing more: it reads as 0.
 */
import { spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"

/** Fixed for user space since Linux 2.6, whatever the kernel's own clock is. */
const ticksPerSecond = 100

const read = (path: string): string => {
  try {
    return readFileSync(path, "latin1")
  } catch {
    return ""
  }
}

/** Fields of `/proc/PID/stat` behind the name, which may hold blanks: the state is the first. */
const utimeField = 11
const stimeField = 12

/** User and system time of all its threads. */
export const cpuSeconds = (pid: number): number => {
  const stat = read(`/proc/${pid}/stat`)
  if (stat === "") return 0
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
  return (Number(fields[utimeField]) + Number(fields[stimeField])) / ticksPerSecond
}

export const residentBytes = (pid: number): number => {
  const found = /^VmRSS:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/status`))
  return found === null ? 0 : Number(found[1]) * 1024
}

/** Of a machine whose processor does not say: nearly all have this. */
const usualPageBytes = 4_096

const pageBytes = (): number =>
  Number(spawnSync("getconf", ["PAGESIZE"], { encoding: "utf8" }).stdout) || usualPageBytes

/** What the kernel holds for all TCP sockets of the machine, in both directions. */
export const tcpMemory = (): (() => number) => {
  const page = pageBytes()
  return () => Number(/^TCP: .* mem (\d+)$/m.exec(read("/proc/net/sockstat"))?.[1] ?? 0) * page
}

/** What a core has worked since the machine began, for whomever: interrupts too, stolen time not. */
export const busySeconds = (core: number): number => {
  const line = new RegExp(`^cpu${core} (.*)$`, "m").exec(read("/proc/stat"))
  if (line === null) return 0
  const [user, nice, system, , , irq, softirq] = line[1]!.split(" ").map(Number)
  return (user! + nice! + system! + irq! + softirq!) / ticksPerSecond
}
