/**
 * StandaloneServer: a whole Weir in a child process, on free ports.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"

const main = fileURLToPath(new URL("../../../deploy/standalone/src/main.ts", import.meta.url))
const freePorts = { WEIR_HTTP_PORT: "0", WEIR_GRPC_PORT: "0", WEIR_OPS_PORT: "0" }
// A cold start on two busy cores builds the console page first.
const START_MS = 45_000
const STOP_MS = 10_000

export class StandaloneServer {
  /** host:port of the client edge and the page. */
  readonly http: string
  readonly #process: ChildProcess

  private constructor(child: ChildProcess, http: string) {
    this.#process = child
    this.http = http
  }

  static async start(): Promise<StandaloneServer> {
    const child = spawn(process.execPath, [main, "--json"], {
      env: { ...process.env, ...freePorts },
      stdio: ["ignore", "pipe", "pipe"]
    })
    let log = ""
    child.stderr.on("data", (chunk) => {
      log = (log + chunk).slice(-10_000)
    })
    const timer = setTimeout(() => child.kill("SIGKILL"), START_MS)
    let http: string | undefined
    for await (const line of createInterface(child.stdout)) {
      const said = jsonOf(line)
      http = said?.http ?? http
      if (said?.ready === true && http !== undefined) {
        clearTimeout(timer)
        child.stdout.resume()
        return new StandaloneServer(child, http)
      }
    }
    clearTimeout(timer)
    throw new Error(`the server did not get ready:\n${log}`)
  }

  /** Signs somebody in; everything is allowed in the development namespaces. */
  async token(user: string): Promise<string> {
    const response = await fetch(`http://${this.http}/dev/token`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ user })
    })
    if (!response.ok) throw new Error(`/dev/token answered ${response.status}`)
    return ((await response.json()) as { readonly token: string }).token
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null) return
    const timer = setTimeout(() => this.#process.kill("SIGKILL"), STOP_MS)
    this.#process.kill("SIGTERM")
    await once(this.#process, "exit")
    clearTimeout(timer)
  }
}

interface Said {
  readonly http?: string
  readonly ready?: boolean
}

const jsonOf = (line: string): Said | undefined => {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
