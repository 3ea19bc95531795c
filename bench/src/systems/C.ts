/**
 * C: the same loop in C, which is compiled at its first use: the floor that the kernel
 * sets.
 */
import { spawnSync } from "node:child_process"
import { mkdirSync, statSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { Effect } from "effect"
import { has } from "../Machine.ts"
import { BenchFailure, type System } from "../System.ts"
import { startOwn } from "./OwnServer.ts"

const source = fileURLToPath(new URL("../../native/loop.c", import.meta.url))
const directory = fileURLToPath(
  new URL("../../../node_modules/.cache/weir-bench/", import.meta.url)
)
const binary = `${directory}loop`

const changedAt = (path: string): number => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0

const compile = Effect.suspend(() => {
  if (changedAt(binary) > changedAt(source)) return Effect.void
  mkdirSync(directory, { recursive: true })
  const { status, stderr } = spawnSync("cc", ["-O2", "-Wall", "-Wextra", "-o", binary, source], {
    encoding: "utf8"
  })
  return status === 0
    ? Effect.void
    : Effect.fail(new BenchFailure({ message: `cc could not compile ${source}:\n${stderr}` }))
})

export const system: System = {
  name: "c",
  missing: () => (has("cc") ? undefined : "there is no C compiler: install gcc or clang as `cc`"),
  start: (options) =>
    compile.pipe(
      Effect.andThen(startOwn({ name: "c", command: binary, args: [], dialect: "plain" }, options))
    )
}
