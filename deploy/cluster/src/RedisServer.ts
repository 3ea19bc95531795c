/**
 * RedisServer: a Redis of our own, for as long as we run.
 */
import { mkdtemp, rm } from "node:fs/promises"
import { createConnection } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect, Schedule } from "effect"
import { StartFailed, start as startChild } from "./Child.ts"
import type { Member, RedisLine } from "./Member.ts"
import { host } from "./Plan.ts"
import type { Report } from "./Report.ts"

const howToInstall =
  "redis-server is not on the PATH. Debian, Ubuntu: apt-get install redis-server; macOS: brew install redis. Or use one that runs: --redis redis://HOST:PORT"

const isMissing = (message: string): boolean => message.includes("ENOENT")

/** While it loads what it had written, it answers, but with an error. */
const answers = (port: number): Effect.Effect<boolean> =>
  Effect.callback((resume) => {
    const socket = createConnection({ host, port }, () => socket.write("PING\r\n"))
    const settle = (is: boolean) => {
      socket.destroy()
      resume(Effect.succeed(is))
    }
    socket.once("data", (reply) => settle(reply.toString().startsWith("+PONG")))
    socket.once("error", () => settle(false))
    return Effect.sync(() => socket.destroy())
  })

const argumentsFor = (port: number, directory: string): ReadonlyArray<string> => [
  ...["--bind", host],
  ...["--port", String(port)],
  ...["--dir", directory],
  ...["--appendonly", "yes"],
  // With `everysec`, Redis may put off a write while the last one is being synced, and
  // when it is killed then, what it has acknowledged is gone. Here it is killed on purpose.
  ...["--appendfsync", "always"],
  ...["--save", ""]
]

/** Its files outlive its lives, and go with the scope. */
export const make = Effect.fnUntraced(function* (port: number, report: Report) {
  const directory = yield* Effect.acquireRelease(
    Effect.promise(() => mkdtemp(join(tmpdir(), "weir-cluster-"))),
    (path) => Effect.promise(() => rm(path, { recursive: true, force: true }))
  )
  const launch = Effect.gen(function* () {
    const lastWords: Array<string> = []
    const child = yield* startChild({
      command: "redis-server",
      args: argumentsFor(port, directory),
      directory,
      onOutput: (line) => {
        lastWords.push(line)
        if (lastWords.length > 3) lastWords.shift()
      },
      onError: (line) => report.log("redis", line),
      onEnd: (ending) => report.ended("redis", ending)
    }).pipe(
      Effect.mapError(({ message }) =>
        isMissing(message)
          ? new StartFailed({ message: howToInstall })
          : new StartFailed({ message })
      )
    )
    const failed = Effect.flatMap(child.ended, () =>
      Effect.fail(new StartFailed({ message: `redis-server ended: ${lastWords.join(" ")}` }))
    )
    const line: RedisLine = { node: "redis", role: "redis", pid: child.pid, port }
    const ready = Effect.repeat(answers(port), {
      until: (is) => is,
      schedule: Schedule.spaced("20 millis")
    })
    return { child, ready: Effect.as(Effect.raceFirst(ready, failed), line) }
  })
  const member: Member = { name: "redis", role: "redis", launch }
  return member
})
