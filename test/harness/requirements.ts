/**
 * requirements: what the tests need from the machine, before the first of them runs.
 */
import { execFileSync } from "node:child_process"
import { existsSync, mkdtempSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { chromiumPath } from "./chromium.ts"
import { nginxProgram } from "./Nginx.ts"
import { turnVariable } from "./turnVariable.ts"

const runs = (program: string, args: ReadonlyArray<string> = ["--version"]): boolean => {
  try {
    execFileSync(program, args, { stdio: "ignore" })
    return true
  } catch {
    return false
  }
}

/** If it can. A service that comes along may fail to start: what was missing is there or not. */
const install = (name: string): void => {
  try {
    execFileSync("apt-get", ["update", "-qq"])
    execFileSync("apt-get", ["install", "-y", "-qq", "--no-install-recommends", name], {
      env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" }
    })
  } catch {}
}

/** Whether it is here, or is after the installation of what has it. */
const has = (isHere: () => boolean, name: string): boolean => {
  if (!isHere()) install(name)
  return isHere()
}

/** Hundreds of processes are started: what one has compiled the next one reads, in two thirds of the time. */
const compiled = fileURLToPath(new URL("../../node_modules/.cache/compiled", import.meta.url))

export const setup = (): void => {
  process.env["NODE_COMPILE_CACHE"] ??= compiled
  process.env[turnVariable] = join(mkdtempSync(join(tmpdir(), "weir-turn-")), "taken")
  if (!has(() => existsSync(chromiumPath), "chromium-headless-shell"))
    throw new Error(
      "The browser tests need Chromium. On Debian: `apt-get install chromium-headless-shell` as root. Elsewhere: install Chromium and set CHROMIUM to its path."
    )
  if (!has(() => runs("redis-server"), "redis-server"))
    throw new Error(
      "The tests need Redis 7 or newer. On Debian: `apt-get install redis-server` as root. Elsewhere: put redis-server and redis-cli in PATH."
    )
  if (!has(() => runs("kubectl", ["kustomize", "--help"]), "kubernetes-client"))
    throw new Error(
      "The tests need kubectl, to render the manifests; no cluster. On Debian: `apt-get install kubernetes-client` as root. Elsewhere: put kubectl in PATH."
    )
  if (!has(() => runs(nginxProgram(), ["-v"]), "nginx"))
    throw new Error(
      "The tests need nginx, which stands before Weir in some of them. On Debian: `apt-get install nginx` as root. Elsewhere: put nginx in PATH."
    )
}
