/**
 * Child: a process that we started, which ends with its scope, or with us.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { createInterface } from "node:readline"
import { Hurry } from "@weir/process/Hurry"
import { Data, Deferred, Effect, Exit, type Scope } from "effect"

export class StartFailed extends Data.TaggedError("StartFailed")<{ readonly message: string }> {}

export interface Ending {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface Child {
  readonly pid: number
  readonly signal: (signal: NodeJS.Signals) => void
  readonly ended: Effect.Effect<Ending>
}

export interface ChildOptions {
  readonly command: string
  readonly args: ReadonlyArray<string>
  readonly env?: Readonly<Record<string, string | undefined>>
  /** A directory that is removed if we are killed, and cannot remove it ourselves. */
  readonly directory?: string
  /** It may take so much longer to end. */
  readonly drainMs?: number
  readonly onOutput: (line: string) => void
  readonly onError: (line: string) => void
  readonly onEnd: (ending: Ending) => void
}

/** Longer than a service needs: it limits itself to 4.5 s, beside its drain. */
const patienceMs = 6_000

/**
 * If we are killed, nothing of ours runs any more, but what we hold is let go of: a
 * shell that reads from us sees the end, and takes the child along. So neither the
 * children nor Redis need to know of it, and it ends a child that hangs, too.
 */
const guard = (child: ChildProcess, directory = ""): void => {
  const script = 'read _; kill -KILL "$0"; [ -z "$1" ] || rm -rf "$1"'
  const shell = spawn("sh", ["-c", script, String(child.pid), directory], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true
  })
  shell.on("error", () => {})
  shell.stdin.on("error", () => {})
  // Otherwise it would kill, later, who has been given the same process id.
  child.once("exit", () => shell.kill("SIGKILL"))
}

export const start = Effect.fnUntraced(function* (
  options: ChildOptions
): Effect.fn.Return<Child, StartFailed, Scope.Scope> {
  const ended = Deferred.makeUnsafe<Ending>()
  const spawned = Effect.callback<ChildProcess, StartFailed>((resume) => {
    const it = spawn(options.command, [...options.args], {
      ...(options.env === undefined ? {} : { env: options.env }),
      stdio: ["ignore", "pipe", "pipe"],
      // A group of its own: Ctrl-C reaches us alone, and we end them in order.
      detached: true
    })
    it.once("error", ({ message }) => resume(Effect.fail(new StartFailed({ message }))))
    it.once("spawn", () => {
      guard(it, options.directory)
      resume(Effect.succeed(it))
    })
    it.once("exit", (code, signal) => {
      options.onEnd({ code, signal })
      Deferred.doneUnsafe(ended, Exit.succeed({ code, signal }))
    })
    createInterface({ input: it.stdout }).on("line", options.onOutput)
    createInterface({ input: it.stderr }).on("line", options.onError)
  })
  const hurry = yield* Hurry
  const isEnded = Deferred.await(ended)
  const child = yield* Effect.acquireRelease(spawned, (it) => {
    it.kill("SIGTERM")
    // Who is in a hurry has told only us.
    const hurried = Effect.andThen(
      hurry,
      Effect.sync(() => it.kill("SIGTERM"))
    )
    return Effect.raceFirst(isEnded, Effect.andThen(hurried, isEnded)).pipe(
      Effect.timeoutOrElse({
        duration: patienceMs + (options.drainMs ?? 0),
        orElse: () => {
          it.kill("SIGKILL")
          return isEnded
        }
      })
    )
  })
  return {
    pid: child.pid!,
    signal: (signal) => void child.kill(signal),
    ended: Deferred.await(ended)
  }
})
