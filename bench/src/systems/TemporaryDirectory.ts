/**
 * TemporaryDirectory: for the files of one run, which go with its scope.
 */
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect, type Scope } from "effect"

export const temporaryDirectory: Effect.Effect<string, never, Scope.Scope> = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "weir-bench-"))),
  (path) => Effect.promise(() => rm(path, { recursive: true, force: true }))
)
