/**
 * Container: a process as a container has it: a user, an environment of its own and nothing
 * of ours, a directory that it cannot write to; started, asked and ended from outside.
 */
import { type ChildProcess, execFile, spawn } from "node:child_process"
import { once } from "node:events"
import { promisify } from "node:util"
import { waitUntil } from "../harness/waitUntil.ts"

export interface ContainerPlan {
  readonly name: string
  readonly command: ReadonlyArray<string>
  readonly environment: Readonly<Record<string, string>>
  readonly directory: string
  readonly uid: number
  readonly gid: number
}

export interface Ending {
  readonly name: string
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly log: string
}

export interface Container {
  /** Asks until it says yes. */
  readonly answers: (url: string) => Promise<void>
  /**
   * As Kubernetes ends it: first a command of its choice, then SIGTERM, and SIGKILL once the
   * time for both is over.
   */
  readonly end: (graceSeconds: number, before?: ReadonlyArray<string>) => Promise<Ending>
}

/** A bound for what is stuck: many start at once, on few cores. */
export const startLimitMs = 120_000

/** Ended with the test run, whatever becomes of the test. */
const running = new Set<ChildProcess>()
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL")
})
// So the runner ends its workers, and without a listener nothing above would happen.
process.once("SIGTERM", () => process.exit())

/** Only root may become somebody else. Whoever else tests is at least not root. */
const userOf = ({ gid, uid }: ContainerPlan) => (process.getuid?.() === 0 ? { uid, gid } : {})

export const startContainer = (plan: ContainerPlan): Container => {
  const { command, directory, environment, name } = plan
  const [program = "", ...args] = command
  const options = { cwd: directory, env: { ...environment }, ...userOf(plan) }
  const child = spawn(program, args, { ...options, stdio: ["ignore", "pipe", "pipe"] })
  running.add(child)
  const exited = once(child, "exit")
  exited.then(() => running.delete(child))
  let log = ""
  const note = (chunk: unknown) => {
    log = (log + chunk).slice(-20_000)
  }
  child.stdout.on("data", note)
  child.stderr.on("data", note)
  child.once("error", note)
  return {
    answers: async (url) => {
      await waitUntil(
        `${name} says yes to ${url}`,
        async () => {
          if (child.exitCode !== null) throw new Error(`${name} has ended\n${log}`)
          return fetch(url).then(
            ({ ok }) => ok,
            () => false
          )
        },
        startLimitMs
      )
    },
    end: async (graceSeconds, before) => {
      const limit = setTimeout(() => child.kill("SIGKILL"), graceSeconds * 1_000)
      const [first, ...more] = before ?? []
      if (first !== undefined) await promisify(execFile)(first, more, options)
      child.kill("SIGTERM")
      if (child.exitCode === null && child.signalCode === null) await exited
      clearTimeout(limit)
      return { name, log, code: child.exitCode, signal: child.signalCode }
    }
  }
}
