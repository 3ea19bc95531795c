/**
 * RedisServer: real Redis on loopback, in a directory that goes with it.
 */
import { type ChildProcess, execFile, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { freePort } from "./freePort.ts"
import { waitUntil } from "./waitUntil.ts"

export interface RedisServerOptions {
  /** A free one, if none is given. */
  readonly port?: number
  /** none: a server that starts again is empty. */
  readonly persistence?: "none" | "always" | "everysec" | "snapshot"
  /** A configuration file, read before all other arguments. */
  readonly file?: string
  /** More arguments for the server. */
  readonly extra?: ReadonlyArray<string>
}

export interface RedisServer {
  readonly url: string
  readonly port: number
  /** Other ones after a restart. */
  readonly pid: number
  readonly child: ChildProcess
  readonly directory: string
  /** Sends a signal; what ends the process is waited for. */
  readonly kill: (signal: NodeJS.Signals) => Promise<void>
  /** Ends it, and its directory. */
  readonly stop: () => Promise<void>
  /** Starts it once more if it was killed, and ends it first if not: same port and directory. */
  readonly restart: () => Promise<void>
  /** What redis-cli prints for a command. */
  readonly cli: (...args: ReadonlyArray<string>) => Promise<string>
}

const persistenceArguments = {
  none: ["--save", ""],
  always: ["--save", "", "--appendonly", "yes", "--appendfsync", "always"],
  everysec: ["--save", "", "--appendonly", "yes", "--appendfsync", "everysec"],
  snapshot: ["--save", "3600 1"]
}

/** Ended with the test run, whatever becomes of the test. */
const running = new Map<ChildProcess, string>()
process.once("exit", () => {
  for (const [child, directory] of running) {
    child.kill("SIGKILL")
    rmSync(directory, { recursive: true, force: true })
  }
})
// So the runner ends its workers, and without a listener nothing above would happen.
process.once("SIGTERM", () => process.exit())

const ended = ({ exitCode, signalCode }: ChildProcess) => exitCode !== null || signalCode !== null

const runCli = promisify(execFile)

export const cli = async (port: number, args: ReadonlyArray<string>): Promise<string> => {
  const { stdout } = await runCli("redis-cli", ["-h", "127.0.0.1", "-p", String(port), ...args], {
    timeout: 10_000
  })
  return stdout.trimEnd()
}

export const startRedis = async ({
  extra = [],
  file,
  persistence = "none",
  port: wanted
}: RedisServerOptions = {}): Promise<RedisServer> => {
  const port = wanted ?? (await freePort())
  const directory = mkdtempSync(join(tmpdir(), "weir-redis-"))
  let child: ChildProcess
  let log = ""

  const launch = async () => {
    const started = spawn(
      "redis-server",
      [
        ...(file === undefined ? [] : [file]),
        ...["--port", String(port), "--bind", "127.0.0.1", "--dir", directory],
        ...["--daemonize", "no", "--logfile", "", "--repl-diskless-sync-delay", "0"],
        ...persistenceArguments[persistence],
        ...extra
      ],
      { stdio: ["ignore", "pipe", "pipe"], cwd: directory }
    )
    child = started
    running.set(started, directory)
    const note = (chunk: unknown) => {
      log = (log + chunk).slice(-20_000)
    }
    started.stdout.on("data", note)
    started.stderr.on("data", note)
    started.once("exit", () => running.delete(started))
    started.once("error", note)
    await waitUntil(`redis-server answers on ${port}`, async () => {
      if (ended(started) || started.pid === undefined)
        throw new Error(`redis-server ended before it answered\n${log}`)
      // It answers with an error while it loads, and where a password is needed.
      const answer = await cli(port, ["ping"]).catch(() => "")
      return /PONG|NOAUTH/.test(answer)
    })
  }

  const kill = async (signal: NodeJS.Signals) => {
    if (ended(child)) return
    const exited = once(child, "exit")
    child.kill(signal)
    if (signal === "SIGKILL" || signal === "SIGTERM" || signal === "SIGINT") await exited
  }

  await launch()
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    directory,
    get pid() {
      return child.pid!
    },
    get child() {
      return child
    },
    kill,
    stop: async () => {
      await kill("SIGKILL")
      rmSync(directory, { recursive: true, force: true })
    },
    restart: async () => {
      // One that is stopped would not hear it.
      child.kill("SIGCONT")
      await kill("SIGTERM")
      await launch()
    },
    cli: (...args) => cli(port, args)
  }
}
