/**
 * requirements: what the tests need from the machine, before the first of them runs.
 */
import { execFileSync } from "node:child_process"
import { existsSync } from "node:fs"

const chromium = process.env["CHROMIUM"] ?? "/usr/bin/chromium"

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

export const setup = (): void => {
  if (existsSync(chromium) || (install("chromium") && existsSync(chromium))) return
  throw new Error(
    "The browser tests need Chromium. On Debian: `apt-get install chromium` as root. Elsewhere: install it and set CHROMIUM to its path."
  )
}
