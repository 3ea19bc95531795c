/**
 * OwnServer: starts a server of the harness, of `servers/` or a native one, which takes
 * two ports (of subscribers, and of `servers/Control.ts`) and prints when it listens.
 */
import { fileURLToPath } from "node:url"
import { Effect, type Scope } from "effect"
import { type Spawned, spawn } from "../Child.ts"
import type { DialectName } from "../driver/Dialect.ts"
import { freePorts } from "../FreePort.ts"
import type { BenchFailure, Running, StartOptions } from "../System.ts"

export interface OwnServer {
  /** For messages, and as the name of its process. */
  readonly name: string
  readonly command: string
  /** Before the two ports. */
  readonly args: ReadonlyArray<string>
  readonly env?: Readonly<Record<string, string>>
  readonly dialect: DialectName
}

const startLimitMs = 15_000

/** The file of a Node server: `loop` is `servers/loop.ts`. */
export const serverFile = (name: string): string =>
  fileURLToPath(new URL(`../servers/${name}.ts`, import.meta.url))

export const nodeServer = (name: string, dialect: DialectName): OwnServer => ({
  name,
  command: process.execPath,
  args: [serverFile(name)],
  dialect
})

export interface Launched {
  readonly child: Spawned
  readonly running: Running
}

/** For who has more to say to it than a driver has. */
export const launchOwn = Effect.fnUntraced(function* (
  server: OwnServer,
  options: StartOptions
): Effect.fn.Return<Launched, BenchFailure, Scope.Scope> {
  const port = yield* freePorts(2)
  const child = yield* spawn({
    name: server.name,
    command: server.command,
    args: [...server.args, String(port), String(port + 1)],
    ...(server.env === undefined ? {} : { env: server.env }),
    core: options.serverCore
  })
  const line = yield* child.nextLine((it) => it.startsWith('{"ready":true'), startLimitMs)
  const { version } = JSON.parse(line) as { readonly version: string }
  const running: Running = {
    version,
    servers: [{ name: server.name, pid: child.pid }],
    others: [],
    subscribing: { dialect: server.dialect, addresses: [`127.0.0.1:${port}`], token: "" },
    publishing: { kind: "control", address: `127.0.0.1:${port + 1}` }
  }
  return { child, running }
})

export const startOwn = (
  server: OwnServer,
  options: StartOptions
): Effect.Effect<Running, BenchFailure, Scope.Scope> =>
  Effect.map(launchOwn(server, options), ({ running }) => running)
