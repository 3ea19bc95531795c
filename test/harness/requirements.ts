/**
 * requirements: what the tests need from the machine, before the first of them runs.
 */
import { execFileSync } from "node:child_process"
import { existsSync } from "node:fs"
import { fileURLToPath } from "node:url"

const chromium = process.env["CHROMIUM"] ?? "/usr/bin/chromium"

const runs = (program: string, args: ReadonlyArray<string> = ["--version"]): boolean => {
  try {
    execFileSync(program, args, { stdio: "ignore" })
    return true
  } catch {
    return false
  }
}

const install = (name: string): boolean => {
  try {
    execFileSync("apt-get", ["update", "-qq"])
    execFileSync("apt-get", ["install", "-y", "-qq", "--no-install-recommends", name], {
      env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" }
    })
    return true
  } catch {
    return false
  }
}

/** Hundreds of processes are started: what one has compiled the next one reads, in two thirds of the time. */
const compiled = fileURLToPath(new URL("../../node_modules/.cache/compiled", import.meta.url))

export const setup = (): void => {
  process.env["NODE_COMPILE_CACHE"] ??= compiled
  if (!existsSync(chromium) && !(install("chromium") && existsSync(chromium)))
    throw new Error(
      "The browser tests need Chromium. On Debian: `apt-get install chromium` as root. Elsewhere: install it and set CHROMIUM to its path."
    )
  if (!runs("redis-server") && !(install("redis-server") && runs("redis-server")))
    throw new Error(
      "The tests need Redis 7 or newer. On Debian: `apt-get install redis-server` as root. Elsewhere: put redis-server and redis-cli in PATH."
    )
  const rendersManifests = () => runs("kubectl", ["kustomize", "--help"])
  if (!rendersManifests() && !(install("kubernetes-client") && rendersManifests()))
    throw new Error(
      "The tests need kubectl, to render the manifests; no cluster. On Debian: `apt-get install kubernetes-client` as root. Elsewhere: put kubectl in PATH."
    )
}
