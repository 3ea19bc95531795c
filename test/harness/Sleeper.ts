/**
 * Sleeper: a program with the SDK as a process of its own, which can be put to sleep as a phone
 * does it: everything stands still, and nobody is told.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"

/** What its callbacks have been called with, in their order. */
export interface Heard {
  readonly channel?: string
  readonly data?: unknown
  readonly gap?: string
  readonly recovered?: boolean
  readonly state?: string
}

export interface Sleeper {
  readonly heard: ReadonlyArray<Heard>
  readonly sleep: () => void
  readonly wake: () => void
  readonly end: () => void
}

const main = fileURLToPath(new URL("sleeperMain.ts", import.meta.url))

/** Ended with the test run, whatever becomes of the test. */
const running = new Set<ChildProcess>()
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL")
})

/** `tokenUrl`: where it gets a token, whenever it needs one. */
export const startSleeper = (
  url: string,
  tokenUrl: string,
  channels: ReadonlyArray<string>
): Sleeper => {
  const child = spawn(process.execPath, [main, url, tokenUrl, ...channels], {
    stdio: ["ignore", "pipe", "inherit"]
  })
  running.add(child)
  child.once("exit", () => running.delete(child))
  const heard: Array<Heard> = []
  createInterface({ input: child.stdout }).on("line", (line) => heard.push(JSON.parse(line)))
  return {
    heard,
    sleep: () => child.kill("SIGSTOP"),
    wake: () => child.kill("SIGCONT"),
    end: () => child.kill("SIGKILL")
  }
}
