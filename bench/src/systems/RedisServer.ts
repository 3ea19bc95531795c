/**
 * RedisServer: a Redis for one run, with its files, which go with the scope.
 *
 * It writes to its append-only file and has it synced every second: what people run
 * who can spare the last second, and what all figures with Redis mean.
 */
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect, type Scope } from "effect"
import { spawn } from "../Child.ts"
import { freePort } from "../FreePort.ts"
import { has } from "../Machine.ts"
import { BenchFailure, type Process } from "../System.ts"

export interface RedisServer extends Process {
  readonly url: string
}

const readyLimitMs = 10_000

export const startRedis = Effect.fnUntraced(function* (
  core: number | undefined
): Effect.fn.Return<RedisServer, BenchFailure, Scope.Scope> {
  if (!has("redis-server")) {
    return yield* new BenchFailure({
      message: "redis-server is not installed. Debian, Ubuntu: apt-get install redis-server"
    })
  }
  const directory = yield* Effect.acquireRelease(
    Effect.promise(() => mkdtemp(join(tmpdir(), "weir-bench-redis-"))),
    (path) => Effect.promise(() => rm(path, { recursive: true, force: true }))
  )
  const port = yield* freePort()
  const child = yield* spawn({
    command: "redis-server",
    args: [
      ...["--bind", "127.0.0.1", "--port", String(port), "--dir", directory],
      ...["--appendonly", "yes", "--appendfsync", "everysec", "--save", ""]
    ],
    core,
    name: "redis"
  })
  yield* child.nextLine((line) => line.includes("Ready to accept connections"), readyLimitMs)
  return { name: "redis", pid: child.pid, url: `redis://127.0.0.1:${port}` }
})
