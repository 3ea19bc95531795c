/**
 * WeirCommand: the command line as a process of its own, as a shell runs it.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import type { WeirProcess } from "./WeirProcess.ts"
import { waitUntil } from "./waitUntil.ts"

const bin = fileURLToPath(new URL("../../services/cli/bin/weir.js", import.meta.url))

export interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

export interface WeirCommand {
  readonly child: ChildProcess
  /** The whole lines that it has printed so far. */
  readonly lines: () => ReadonlyArray<string>
  readonly err: () => string
  /** Waits until it has printed so many lines, and gives all. */
  readonly printed: (count: number) => Promise<ReadonlyArray<string>>
  /** Waits until standard error says so. */
  readonly said: (words: RegExp) => Promise<string>
  readonly ended: Promise<Ended>
  readonly stop: (signal?: NodeJS.Signals) => Promise<Ended>
}

/** Ended with the test run, whatever becomes of the test. */
const running = new Set<ChildProcess>()
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL")
})

/** What tells the command line where this Weir is. */
export const whereIs = (weir: Pick<WeirProcess, "grpc" | "http">) => ({
  ...(weir.http === null ? {} : { WEIR_URL: `http://${weir.http}` }),
  ...(weir.grpc === null ? {} : { WEIR_API: weir.grpc })
})

export const startWeir = (
  args: ReadonlyArray<string>,
  env: Readonly<Record<string, string>> = {}
): WeirCommand => {
  const child = spawn(process.execPath, [bin, ...args], {
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...process.env, USER: "ann", NO_COLOR: "1", ...env }
  })
  running.add(child)
  let out = ""
  let err = ""
  child.stdout.setEncoding("utf8").on("data", (text) => {
    out += text
  })
  child.stderr.setEncoding("utf8").on("data", (text) => {
    err += text
  })
  // It may have ended before it has read all.
  child.stdin.on("error", () => {})
  const ended = once(child, "close").then(([code]): Ended => {
    running.delete(child)
    return { code, out, err }
  })
  const lines = () => out.split("\n").slice(0, -1)
  const story = () => `${args.join(" ")} printed\n${out}and said\n${err}`
  const wait = <A>(what: string, check: () => A | undefined | false) =>
    waitUntil(what, check).catch(() => {
      throw new Error(`waited in vain until ${what}; ${story()}`)
    })
  return {
    child,
    lines,
    err: () => err,
    printed: (count) =>
      wait(`${count} lines are printed`, () => lines().length >= count && lines()),
    said: (words) => wait(`it says ${words}`, () => words.exec(err)?.[0]),
    ended,
    stop: (signal = "SIGINT") => {
      child.kill(signal)
      return ended
    }
  }
}

/** Runs it to its end; `input` is what it reads. */
export const runWeir = (
  args: ReadonlyArray<string>,
  env: Readonly<Record<string, string>> = {},
  input = ""
): Promise<Ended> => {
  const command = startWeir(args, env)
  command.child.stdin!.end(input)
  return command.ended
}
