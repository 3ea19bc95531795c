/**
 * Child: a process of the harness, which ends with its scope, or with us.
 */
import { type ChildProcess, spawn as spawnProcess } from "node:child_process"
import { createInterface } from "node:readline"
import { Effect, type Scope } from "effect"
import { canPin } from "./Machine.ts"
import { BenchFailure } from "./System.ts"

export interface Spawned {
  readonly pid: number
  /** The next line it prints, on either output, that fits; lines before it are passed over. */
  readonly nextLine: (
    predicate: (line: string) => boolean,
    timeoutMs: number
  ) => Effect.Effect<string, BenchFailure>
  /** Writes a line to its standard input. */
  readonly write: (line: string) => void
  /** The end of what it has printed. */
  readonly log: () => string
}

export interface SpawnOptions {
  readonly command: string
  readonly args: ReadonlyArray<string>
  /** Beside our own. */
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** Pinned before its first instruction, so that its threads are, too. */
  readonly core?: number | undefined
  /** For messages. */
  readonly name: string
}

const logBytes = 64 * 1024
/** Lines that nobody has asked for yet. */
const mostUnread = 10_000

/** Longer than Weir's cluster needs for all its nodes. */
const patienceMs = 20_000

const running = new Set<ChildProcess>()

/** It, and whatever it has started: a child is a group of its own. */
const killGroup = ({ pid }: ChildProcess): void => {
  try {
    process.kill(-pid!, "SIGKILL")
  } catch {
    // All of them have ended.
  }
}

process.once("exit", () => {
  for (const child of running) killGroup(child)
})

/**
 * If we are killed, nothing of ours runs any more, but what we hold is let go of: a shell
 * that reads from us sees the end, and takes the child along.
 */
const guard = (child: ChildProcess): void => {
  const shell = spawnProcess("sh", ["-c", 'read _; kill -KILL -- "-$0"', String(child.pid)], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true
  })
  shell.on("error", () => {})
  shell.stdin.on("error", () => {})
  // Otherwise it would kill, later, who has been given the same process id.
  child.once("exit", () => shell.kill("SIGKILL"))
}

const end = (child: ChildProcess): Effect.Effect<void> =>
  Effect.callback((resume) => {
    if (child.exitCode !== null || child.signalCode !== null) return resume(Effect.void)
    const timer = setTimeout(() => killGroup(child), patienceMs)
    child.once("exit", () => {
      clearTimeout(timer)
      resume(Effect.void)
    })
    child.kill("SIGTERM")
  })

interface Waiting {
  readonly predicate: (line: string) => boolean
  readonly found: (line: string) => void
  readonly ended: (why: string) => void
}

export const spawn = Effect.fnUntraced(function* (
  options: SpawnOptions
): Effect.fn.Return<Spawned, BenchFailure, Scope.Scope> {
  const { core, name } = options
  const isPinned = core !== undefined && canPin
  const [command, ...args] = isPinned
    ? ["taskset", "-c", String(core), options.command, ...options.args]
    : [options.command, ...options.args]
  let log = ""
  let hasEnded: string | undefined
  const unread: Array<string> = []
  const waiting = new Set<Waiting>()

  const onLine = (line: string) => {
    log = `${log}${line}\n`.slice(-logBytes)
    for (const it of waiting) {
      if (it.predicate(line)) return it.found(line)
    }
    unread.push(line)
    if (unread.length > mostUnread) unread.shift()
  }
  const onEnd = (why: string) => {
    hasEnded = why
    for (const it of waiting) it.ended(why)
  }

  const launched = Effect.callback<ChildProcess, BenchFailure>((resume) => {
    const child = spawnProcess(command!, args, {
      stdio: ["pipe", "pipe", "pipe"],
      // A group of its own: Ctrl-C reaches us alone, and we end them in order.
      detached: true,
      env: { ...process.env, ...options.env },
      ...(options.cwd === undefined ? {} : { cwd: options.cwd })
    })
    child.once("error", ({ message }) =>
      resume(Effect.fail(new BenchFailure({ message: `${name}: ${message}` })))
    )
    child.once("spawn", () => {
      running.add(child)
      guard(child)
      resume(Effect.succeed(child))
    })
    // Not "exit": what it printed last has not been read by then.
    child.once("close", (code, signal) => onEnd(`${name} ended with ${signal ?? code}`))
    child.once("exit", () => running.delete(child))
    child.stdin.on("error", () => {})
    createInterface({ input: child.stdout }).on("line", onLine)
    createInterface({ input: child.stderr }).on("line", onLine)
  })
  const child = yield* Effect.acquireRelease(launched, end)

  const nextLine: Spawned["nextLine"] = (predicate, timeoutMs) =>
    Effect.callback((resume) => {
      const fail = (why: string) =>
        resume(Effect.fail(new BenchFailure({ message: `${why}\n${log}` })))
      const index = unread.findIndex(predicate)
      if (index >= 0) {
        const line = unread[index]!
        unread.splice(0, index + 1)
        return resume(Effect.succeed(line))
      }
      if (hasEnded !== undefined) return fail(hasEnded)
      unread.length = 0
      const stop = () => {
        clearTimeout(timer)
        waiting.delete(entry)
      }
      const entry: Waiting = {
        predicate,
        found: (line) => {
          stop()
          resume(Effect.succeed(line))
        },
        ended: (why) => {
          stop()
          fail(why)
        }
      }
      const timer = setTimeout(
        () => entry.ended(`${name} has not answered in ${timeoutMs} ms`),
        timeoutMs
      )
      waiting.add(entry)
      return Effect.sync(stop)
    })

  return {
    pid: child.pid!,
    nextLine,
    write: (line) => void child.stdin?.write(`${line}\n`),
    log: () => log
  }
})
