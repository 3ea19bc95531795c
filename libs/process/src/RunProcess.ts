/**
 * RunProcess: a service, or several, as one process of the operating system.
 *
 * Reads the settings, opens the operations door, starts the services, says where
 * it can be reached, and ends cleanly on SIGTERM and Ctrl-C.
 */
import { type LoadOptions, loadSettings } from "@weir/config/LoadSettings"
import type { Settings } from "@weir/config/Settings"
import { drainLimitMs } from "@weir/core/DrainSettings"
import { type Door, Doors } from "@weir/telemetry/Doors"
import * as Logs from "@weir/telemetry/Logs"
import { OpsServer, layer as opsLayer } from "@weir/telemetry/OpsServer"
import { Readiness } from "@weir/telemetry/Readiness"
import { Console, Effect, Layer } from "effect"
import { parseArguments, usage } from "./Arguments.ts"
import { countBuffersWithHeap } from "./BufferMemory.ts"
import * as Profile from "./Profile.ts"
import { runMain, shutdownLimitMs } from "./RunMain.ts"

export interface ProcessOptions<E> extends LoadOptions {
  readonly role: string
  readonly services: (settings: Settings) => Layer.Layer<never, E, Readiness | Doors>
  /** It holds clients, and lets go of them before it ends. */
  readonly drains?: boolean
  /** What a person should read when it is ready; without it, or with `--json`, one JSON line. */
  readonly welcome?: (
    settings: Settings,
    addresses: Readonly<Record<Door, string | null>>
  ) => string
}

const main = Effect.fnUntraced(function* <E>(
  options: ProcessOptions<E>,
  configured: (settings: Settings) => void
) {
  const args = yield* parseArguments(process.argv.slice(2))
  if (args === undefined) return yield* Console.log(usage(options.role))
  const settings = yield* loadSettings({ ...options, profile: args.profile })
  configured(settings)
  const run = Effect.gen(function* () {
    const doors = yield* Doors
    yield* doors.opened("ops", (yield* OpsServer).address)
    const addresses = doors.addresses()
    if (options.welcome === undefined || args.json) {
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
      options.services(settings).pipe(
        // First up, and last to go: who looks at a process that drains sees it drain.
        Layer.provideMerge(ops),
        Layer.provideMerge(Layer.merge(Readiness.layer, Doors.layer)),
        // Begun before the services start, and written once they have ended.
        Layer.provideMerge(Profile.layer(settings)),
        Layer.provideMerge(Logs.layer(settings.logFormat, settings.logLevel))
      )
    )
  )
})

export const runProcess = <E>(options: ProcessOptions<E>): void => {
  countBuffersWithHeap()
  let limitMs = shutdownLimitMs
  const configured = ({ drain }: Settings) => {
    if (options.drains === true) limitMs += drainLimitMs(drain)
  }
  runMain(main(options, configured), () => limitMs)
}
