/**
 * Nats: nats-server with its WebSocket listener, without compression, which is how its
 * documentation lets browsers subscribe; published to over its own protocol on TCP.
 */
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { Effect, type Scope } from "effect"
import { spawn } from "../Child.ts"
import { freePorts } from "../FreePort.ts"
import { has, locate } from "../Machine.ts"
import type { BenchFailure, Running, StartOptions, System } from "../System.ts"
import { temporaryDirectory } from "./TemporaryDirectory.ts"

const readyLimitMs = 15_000

const config = (port: number): string => `
host: "127.0.0.1"
port: ${port}
max_connections: 100000
websocket {
  host: "127.0.0.1"
  port: ${port + 1}
  no_tls: true
  compression: false
}
`

const start = Effect.fnUntraced(function* ({
  serverCore
}: StartOptions): Effect.fn.Return<Running, BenchFailure, Scope.Scope> {
  const file = join(yield* temporaryDirectory, "nats.conf")
  const port = yield* freePorts(2)
  yield* Effect.promise(() => writeFile(file, config(port)))
  const child = yield* spawn({
    command: locate("nats-server") ?? "nats-server",
    args: ["-c", file],
    // Threads that take turns on one core are only in each other's way.
    ...(serverCore === undefined ? {} : { env: { GOMAXPROCS: "1" } }),
    ...{ core: serverCore, name: "nats" }
  })
  const line = yield* child.nextLine((it) => /Version: /.test(it), readyLimitMs)
  yield* child.nextLine((it) => it.includes("Server is ready"), readyLimitMs)
  return {
    version: /Version: *(\S+)/.exec(line)?.[1] ?? "unknown",
    servers: [{ name: "nats", pid: child.pid }],
    others: [],
    subscribing: { dialect: "nats", addresses: [`127.0.0.1:${port + 1}`], token: "" },
    publishing: { kind: "nats", address: `127.0.0.1:${port}` }
  }
})

export const system: System = {
  name: "nats",
  missing: () =>
    has("nats-server")
      ? undefined
      : "nats-server is not installed (Debian, Ubuntu: apt-get install nats-server)",
  start
}
