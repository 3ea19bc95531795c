/**
 * RunProcess: a service, or several, as one process of the operating system.
 *
 * Reads the settings, opens the operations door, starts the services, says where
 * it can be reached, and ends cleanly on SIGTERM and Ctrl-C. Exit codes: 0 ended
 * on request, 1 could not start or died, 2 the configuration is wrong.
 */
import { NodeRuntime } from "@effect/platform-node"
import { ConfigMistakes, type LoadOptions, loadSettings } from "@weir/config/LoadSettings"
import type { Settings } from "@weir/config/Settings"
import { type Door, Doors } from "@weir/telemetry/Doors"
import * as Logs from "@weir/telemetry/Logs"
import { OpsServer, layer as opsLayer } from "@weir/telemetry/OpsServer"
import { Readiness } from "@weir/telemetry/Readiness"
import { Cause, Console, Effect, Exit, Layer } from "effect"

export interface ProcessOptions<E> extends LoadOptions {
  readonly role: string
  readonly services: (settings: Settings) => Layer.Layer<never, E, Readiness | Doors>
  /** What a person should read when it is ready; without it, or with `--json`, one JSON line. */
  readonly welcome?: (
    settings: Settings,
    addresses: Readonly<Record<Door, string | null>>
  ) => string
}

/** Past this a process that was told to end is stuck, and ends all the same. */
const shutdownLimitMs = 4_500

const main = Effect.fnUntraced(function* <E>(options: ProcessOptions<E>) {
  const settings = yield* loadSettings(options)
  const run = Effect.gen(function* () {
    const doors = yield* Doors
    yield* doors.opened("ops", (yield* OpsServer).address)
    const addresses = doors.addresses()
    if (options.welcome === undefined || process.argv.includes("--json")) {
      const { node } = settings
      yield* Console.log(
        JSON.stringify({ node, role: options.role, pid: process.pid, ...addresses })
      )
      yield* Console.log(JSON.stringify({ ready: true }))
    } else {
      yield* Console.log(options.welcome(settings, addresses))
    }
    return yield* Effect.never
  })
  const ops = opsLayer({ host: settings.host, port: settings.opsPort })
  return yield* run.pipe(
    Effect.provide(
      Layer.merge(options.services(settings), ops).pipe(
        Layer.provideMerge(Layer.merge(Readiness.layer, Doors.layer)),
        Layer.provideMerge(Logs.layer(settings.logFormat, settings.logLevel))
      )
    )
  )
})

/** What went wrong in one paragraph: a stack helps nobody who mistyped a port. */
const explain = (cause: Cause.Cause<unknown>): string => {
  const failed = cause.reasons.find(Cause.isFailReason)?.error
  if (failed instanceof ConfigMistakes) return `weir: ${failed.message}`
  if (failed instanceof Error) return `weir: cannot start: ${failed.message}`
  return `weir: died\n${Cause.pretty(cause)}`
}

export const runProcess = <E>(options: ProcessOptions<E>): void => {
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.once(signal, () => setTimeout(() => process.exit(1), shutdownLimitMs).unref())
  }
  NodeRuntime.runMain(main(options), {
    disableErrorReporting: true,
    teardown: (exit, onExit) => {
      if (Exit.isSuccess(exit) || Cause.hasInterruptsOnly(exit.cause)) return onExit(0)
      console.error(explain(exit.cause))
      const failed = exit.cause.reasons.find(Cause.isFailReason)?.error
      onExit(failed instanceof ConfigMistakes ? 2 : 1)
    }
  })
}
