/**
 * Driver: a process that plays the subscribers and the publisher of a run.
 *
 * `drive` is all that most scenarios need. `open` is for those that measure
 * something themselves while the driver holds connections.
 */
import { fileURLToPath } from "node:url"
import { Effect, type Scope } from "effect"
import { spawn } from "./Child.ts"
import type { DriverEvent, JobKind } from "./driver/Job.ts"
import { BenchFailure } from "./System.ts"

export interface Drive {
  readonly pid: number
  /** The next event of this name; fails when the driver does. */
  readonly event: (name: string, timeoutMs: number) => Effect.Effect<DriverEvent, BenchFailure>
  /** Says a line to the job, if it listens. */
  readonly tell: (line: string) => void
}

export interface DriveOptions {
  readonly core: number | undefined
  /** Until the result is there; by default ten minutes. */
  readonly timeoutMs?: number
  /** A directory for a CPU profile of the driver. */
  readonly profile?: string
}

const main = fileURLToPath(new URL("./driver/main.ts", import.meta.url))

const usualTimeoutMs = 600_000

const parse = (line: string): DriverEvent | undefined => {
  if (!line.startsWith('{"event":')) return undefined
  return JSON.parse(line)
}

/** Starts a driver with its one job. */
export const open = Effect.fnUntraced(function* (
  job: JobKind,
  options: DriveOptions
): Effect.fn.Return<Drive, BenchFailure, Scope.Scope> {
  const { core, profile } = options
  const flags = profile === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${profile}`]
  const child = yield* spawn({
    command: process.execPath,
    args: [...flags, main],
    core,
    name: `driver (${job.kind})`
  })
  child.write(JSON.stringify(job))
  return {
    pid: child.pid,
    tell: child.write,
    event: (name, timeoutMs) =>
      child
        .nextLine((line) => {
          const event = parse(line)?.event
          return event === name || event === "failed"
        }, timeoutMs)
        .pipe(
          Effect.flatMap((line) => {
            const event = parse(line)!
            return event.event === "failed"
              ? Effect.fail(new BenchFailure({ message: `driver: ${event["message"]}` }))
              : Effect.succeed(event)
          })
        )
  }
})

/** Runs one job to its end. `R` is the result type that the job's file exports. */
export const drive = <R>(
  job: JobKind,
  options: DriveOptions
): Effect.Effect<R, BenchFailure, Scope.Scope> =>
  Effect.gen(function* () {
    const driver = yield* open(job, options)
    const { result } = yield* driver.event("result", options.timeoutMs ?? usualTimeoutMs)
    return result as R
  })
