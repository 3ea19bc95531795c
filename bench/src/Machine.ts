/**
 * Machine: what a figure was measured on, and which core does what.
 */
import { spawnSync } from "node:child_process"
import { accessSync, constants } from "node:fs"
import { cpus, release, totalmem } from "node:os"
import { delimiter, join } from "node:path"

export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryBytes: number
  readonly kernel: string
  readonly node: string
  /** The commit of the checkout that is measured; `+` behind it: with changes. */
  readonly weir: string
}

export const coreCount: number = cpus().length

/** Debian keeps servers where a plain user's PATH does not look. */
const directories = [
  ...(process.env["PATH"] ?? "").split(delimiter),
  ...["/usr/sbin", "/usr/local/sbin", "/sbin"]
]

/** Where a program is; undefined if it is not installed. */
export const locate = (program: string): string | undefined => {
  for (const directory of directories) {
    const path = join(directory, program)
    try {
      accessSync(path, constants.X_OK)
      return path
    } catch {}
  }
  return undefined
}

export const has = (program: string): boolean => locate(program) !== undefined

/** Nothing is gained by keeping one core free of the other's work where there is only one. */
export const canPin: boolean = coreCount > 1 && has("taskset")

/** Keeps all threads of a process on one core; does nothing where that is not possible. */
export const pin = (pid: number, core: number | undefined): void => {
  if (core === undefined || !canPin) return
  spawnSync("taskset", ["-apc", String(core), String(pid)], { stdio: "ignore" })
}

const git = (root: string, ...args: ReadonlyArray<string>): string | undefined => {
  const { status, stdout } = spawnSync("git", ["-C", root, ...args], { encoding: "utf8" })
  return status === 0 ? stdout.trim() : undefined
}

const commitOf = (root: string): string => {
  const commit = git(root, "rev-parse", "--short", "HEAD")
  if (commit === undefined) return "unknown"
  return git(root, "status", "--porcelain") === "" ? commit : `${commit}+`
}

/** `root`: the checkout that is measured. */
export const describeMachine = (root: string): Machine => ({
  cpu: cpus()[0]?.model.trim() ?? "unknown",
  cores: coreCount,
  memoryBytes: totalmem(),
  kernel: release(),
  node: process.version,
  weir: commitOf(root)
})
