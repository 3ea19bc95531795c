/**
 * WeirProcess: Weir as it is really run: a process of its own, reached only
 * through its sockets and signals.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"

export type Program = "standalone" | "connector" | "router" | "presence" | "auth"

/** The one line that a process prints once it is ready. */
export interface Ready {
  readonly node: string
  readonly role: string
  readonly pid: number
  readonly http: string | null
  readonly grpc: string | null
  readonly mesh: string | null
  readonly ops: string
}

export interface WeirProcess extends Ready {
  readonly child: ChildProcess
  /** What it has written to standard error. */
  readonly log: () => string
  /** Ends it as an operator would, and gives the exit code. */
  readonly stop: (signal?: NodeJS.Signals) => Promise<number | null>
}

export interface StartOptions {
  readonly program: Program
  readonly env?: Readonly<Record<string, string>>
  /** Becomes the file that WEIR_CONFIG names. */
  readonly config?: unknown
  /** Flags for Node itself. */
  readonly nodeFlags?: ReadonlyArray<string>
}

const mainOf = (program: Program): string =>
  fileURLToPath(
    new URL(
      program === "standalone"
        ? "../../deploy/standalone/src/main.ts"
        : `../../services/${program}/src/main.ts`,
      import.meta.url
    )
  )

const freePorts = {
  WEIR_HTTP_PORT: "0",
  WEIR_GRPC_PORT: "0",
  WEIR_MESH_PORT: "0",
  WEIR_OPS_PORT: "0"
}

// For what is stuck, not for what is slow: several start at once, beside everything else.
const startLimitMs = 60_000

const readyLine = (child: ChildProcess, log: () => string): Promise<Ready> =>
  new Promise((resolve, reject) => {
    const give = (why: string) => reject(new Error(`${why}\n${log()}`))
    const timer = setTimeout(() => give(`not ready in ${startLimitMs} ms`), startLimitMs)
    let line: Ready | undefined
    createInterface({ input: child.stdout! }).on("line", (text) => {
      const json = JSON.parse(text)
      if (json.ready !== true) {
        line = json
        return
      }
      clearTimeout(timer)
      resolve(line!)
    })
    child.once("exit", (code) => {
      clearTimeout(timer)
      give(`ended with code ${code} before it was ready`)
    })
  })

/** Ended with the test run, whatever becomes of the test. */
const running = new Set<ChildProcess>()
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL")
})

export const start = async ({
  config,
  env,
  nodeFlags = [],
  program
}: StartOptions): Promise<WeirProcess> => {
  const directory = mkdtempSync(join(tmpdir(), "weir-test-"))
  const configFile = join(directory, "weir.json")
  if (config !== undefined) writeFileSync(configFile, JSON.stringify(config))
  const child = spawn(process.execPath, [...nodeFlags, mainOf(program), "--json"], {
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      ...process.env,
      ...freePorts,
      ...(config === undefined ? {} : { WEIR_CONFIG: configFile }),
      ...env
    }
  })
  running.add(child)
  child.once("exit", () => {
    running.delete(child)
    rmSync(directory, { recursive: true, force: true })
  })
  let log = ""
  child.stderr.on("data", (chunk) => {
    log = (log + chunk).slice(-100_000)
  })
  const ready = await readyLine(child, () => log)
  return {
    ...ready,
    child,
    log: () => log,
    stop: async (signal = "SIGTERM") => {
      if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
      const exited = once(child, "exit")
      child.kill(signal)
      const [code] = await exited
      return code
    }
  }
}

/** A development token from a process that runs with the development identity. */
export const developmentToken = async (http: string, user: string): Promise<string> => {
  const response = await fetch(`http://${http}/dev/token`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ user })
  })
  const { token } = (await response.json()) as { token: string }
  return token
}

/** The value of one series of /metrics; 0 if there is none. */
export const metric = async (ops: string, series: string): Promise<number> => {
  const text = await (await fetch(`http://${ops}/metrics`)).text()
  const line = text.split("\n").find((it) => it.startsWith(`${series} `))
  return line === undefined ? 0 : Number(line.slice(series.length + 1))
}
