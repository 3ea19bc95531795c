/**
 * Collected: resident memory of processes, once their garbage is collected.
 */
import { readFileSync, readlinkSync } from "node:fs"
import { basename } from "node:path"
import { Effect, type Scope } from "effect"
import { residentBytes } from "../ProcStat.ts"

const hook = new URL("./CollectOnSignal.ts", import.meta.url).href
/** Some pages go only with the second full collection, and the heap shrinks after it. */
const collections = 4
const pause = "500 millis"
/** V8 keeps freed pages for another collection, and returns them after 8 s without one. */
const returned = "10 seconds"
/** Bit of SIGUSR2 (12) in the masks of /proc/PID/status. */
const userSignal = 1n << 11n

/** Within its scope, Node processes that are started collect when told so. */
export const collectable: Effect.Effect<void, never, Scope.Scope> = Effect.acquireRelease(
  Effect.sync(() => {
    const before = process.env["NODE_OPTIONS"]
    process.env["NODE_OPTIONS"] = [before ?? "", `--import=${hook}`].join(" ").trim()
    return before
  }),
  (before) =>
    Effect.sync(() => {
      if (before === undefined) delete process.env["NODE_OPTIONS"]
      else process.env["NODE_OPTIONS"] = before
    })
).pipe(Effect.asVoid)

/** The signal ends a process that does not catch it, and means something else to nginx. */
const collects = (pid: number): boolean => {
  const caught = /^SigCgt:\s*(\w+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]
  const catches = caught !== undefined && (BigInt(`0x${caught}`) & userSignal) !== 0n
  return catches && basename(readlinkSync(`/proc/${pid}/exe`)).startsWith("node")
}

/** Of each of them. A process that cannot collect is taken as it is. */
export const collectedBytes = (pids: ReadonlyArray<number>): Effect.Effect<ReadonlyArray<number>> =>
  Effect.gen(function* () {
    const mine = pids.filter(collects)
    for (let round = 0; round < collections; round++) {
      for (const pid of mine) process.kill(pid, "SIGUSR2")
      yield* Effect.sleep(pause)
    }
    yield* Effect.sleep(returned)
    return pids.map(residentBytes)
  })

/** Of all of them together. */
export const collectedSum = (pids: ReadonlyArray<number>): Effect.Effect<number> =>
  Effect.map(collectedBytes(pids), (bytes) => bytes.reduce((sum, it) => sum + it, 0))
