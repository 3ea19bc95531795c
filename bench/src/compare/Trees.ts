/**
 * Trees: a checkout of Weir for each side of a comparison: a directory as it is, or a
 * commit, in a clone of its own with its own dependencies.
 */
import { spawnSync } from "node:child_process"
import { statSync } from "node:fs"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { Effect, type Scope } from "effect"
import { BenchFailure } from "../System.ts"

const succeeds = (
  command: string,
  args: ReadonlyArray<string>,
  directory: string
): Effect.Effect<string, BenchFailure> =>
  Effect.suspend(() => {
    const { error, status, stderr, stdout } = spawnSync(command, args, {
      cwd: directory,
      encoding: "utf8"
    })
    if (status === 0) return Effect.succeed(stdout.trim())
    const message = `${command} ${args.join(" ")}: ${error?.message ?? stderr}`
    return Effect.fail(new BenchFailure({ message }))
  })

export const isDirectory = (path: string): boolean =>
  statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false

/** Where it is, until the scope closes. `root`: the repository that knows the commit. */
export const openTree = Effect.fnUntraced(function* (
  what: string,
  root: string,
  progress: (line: string) => void
): Effect.fn.Return<string, BenchFailure, Scope.Scope> {
  if (isDirectory(what)) return resolve(what)
  const commit = yield* succeeds("git", ["rev-parse", "--verify", `${what}^{commit}`], root).pipe(
    Effect.mapError(
      () => new BenchFailure({ message: `${what}: neither a directory nor a commit` })
    )
  )
  const directory = yield* Effect.acquireRelease(
    Effect.promise(() => mkdtemp(join(tmpdir(), "weir-compare-"))),
    (path) => Effect.promise(() => rm(path, { recursive: true, force: true }))
  )
  progress(`${what}: cloning ${commit.slice(0, 10)} and installing what it needs`)
  yield* succeeds("git", ["clone", "--quiet", "--no-checkout", root, directory], root)
  yield* succeeds("git", ["checkout", "--quiet", "--detach", commit], directory)
  yield* succeeds("npm", ["ci", "--prefer-offline", "--no-audit", "--no-fund"], directory)
  return directory
})
