/**
 * InProcess: starts `servers/inProcess.ts`, which is Weir and a plain loop in one process, and
 * asks it what each has cost. It is no system of its own: whom it serves cannot tell which of
 * the two it is at a time.
 */
import { join } from "node:path"
import { Effect, type Scope } from "effect"
import { checkout } from "../Checkout.ts"
import { describeMachine } from "../Machine.ts"
import type { BenchFailure, Running, StartOptions } from "../System.ts"
import type { Segment } from "../servers/Segments.ts"
import { launchOwn, type OwnServer } from "./OwnServer.ts"

export interface InProcess {
  readonly running: Running
  /** The commit, and Node's. */
  readonly versions: { readonly weir: string; readonly loop: string }
  /** All that have ended by now. */
  readonly segments: Effect.Effect<ReadonlyArray<Segment>, BenchFailure>
}

const answerLimitMs = 15_000

export const startInProcess = Effect.fnUntraced(function* (
  options: StartOptions
): Effect.fn.Return<InProcess, BenchFailure, Scope.Scope> {
  // Of the checkout that is measured, since it runs that one's connector.
  const file = join(checkout(), "bench/src/servers/inProcess.ts")
  const server: OwnServer = {
    ...{ name: "inProcess", command: process.execPath },
    args: [file],
    dialect: "plain"
  }
  const { child, running } = yield* launchOwn(server, options)
  const segments = Effect.suspend(() => {
    child.write("segments")
    return Effect.map(
      child.nextLine((line) => line.startsWith('{"segments"'), answerLimitMs),
      (line) => (JSON.parse(line) as { readonly segments: ReadonlyArray<Segment> }).segments
    )
  })
  return {
    running,
    versions: { weir: describeMachine(checkout()).weir, loop: running.version },
    segments
  }
})
