/**
 * Centrifugo: version 6, where the user has its binary, with its engine in memory and
 * neither history nor presence: published to over its HTTP API, heard over WebSocket.
 */
import { spawnSync } from "node:child_process"
import { existsSync } from "node:fs"
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { Effect, Schedule, type Scope } from "effect"
import { spawn } from "../Child.ts"
import { freePort } from "../FreePort.ts"
import { BenchFailure, type Running, type StartOptions, type System } from "../System.ts"
import { temporaryDirectory } from "./TemporaryDirectory.ts"

const variable = "CENTRIFUGO"

/** What channels of the harness begin with; Centrifugo refuses namespaces that it does not know. */
const namespaces = ["live", "chat"]
const key = "bench"

const open = { allow_subscribe_for_client: true, allow_subscribe_for_anonymous: true }

const config = (port: number) => ({
  http_server: { address: "127.0.0.1", port },
  // No tokens, as with all peers.
  client: { insecure: true },
  http_api: { key },
  health: { enabled: true },
  log: { level: "warn" },
  channel: { namespaces: namespaces.map((name) => ({ name, ...open })) }
})

const isHealthy = (address: string): Effect.Effect<boolean> =>
  Effect.promise(() =>
    fetch(`http://${address}/health`).then(
      ({ ok }) => ok,
      () => false
    )
  )

const untilHealthy = (address: string): Effect.Effect<void, BenchFailure> =>
  isHealthy(address).pipe(
    Effect.repeat({ until: (healthy) => healthy, schedule: Schedule.spaced("50 millis") }),
    Effect.timeoutOrElse({
      duration: "15 seconds",
      orElse: () => Effect.fail(new BenchFailure({ message: "centrifugo does not get ready" }))
    }),
    Effect.asVoid
  )

const versionOf = (binary: string): string => {
  const { stdout } = spawnSync(binary, ["version"], { encoding: "utf8" })
  return /v?(\d+\.\d+\.\d+)/.exec(stdout ?? "")?.[1] ?? "unknown"
}

const start = Effect.fnUntraced(function* ({
  serverCore
}: StartOptions): Effect.fn.Return<Running, BenchFailure, Scope.Scope> {
  const binary = process.env[variable]!
  const file = join(yield* temporaryDirectory, "config.json")
  const port = yield* freePort()
  const address = `127.0.0.1:${port}`
  yield* Effect.promise(() => writeFile(file, JSON.stringify(config(port))))
  const child = yield* spawn({
    command: binary,
    args: ["--config", file],
    ...(serverCore === undefined ? {} : { env: { GOMAXPROCS: "1" } }),
    ...{ core: serverCore, name: "centrifugo" }
  })
  yield* untilHealthy(address)
  return {
    version: versionOf(binary),
    servers: [{ name: "centrifugo", pid: child.pid }],
    others: [],
    subscribing: { dialect: "centrifugo", addresses: [address], token: "" },
    publishing: { kind: "centrifugo", address, key }
  }
})

const missing = (): string | undefined => {
  const path = process.env[variable]
  if (path === undefined) return "name its binary, of version 6: --centrifugo FILE"
  return existsSync(path) ? undefined : `--centrifugo: there is no ${path}`
}

export const system: System = { name: "centrifugo", missing, start }
