/**
 * Terminal: a command in a shell, with what it shows, and a Ctrl-C for it.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { waitUntil } from "../harness/waitUntil.ts"
import { endOf } from "./Sight.ts"

export interface Place {
  readonly cwd: string
  readonly env: NodeJS.ProcessEnv
}

const endLimitMs = 10_000
const keptChars = 200_000
/** For what is stuck, not for what is slow. */
const sightLimitMs = 60_000

/** Whatever becomes of the test, nothing goes on after it. */
const running = new Set<ChildProcess>()

const kill = ({ pid }: ChildProcess, signal: NodeJS.Signals): void => {
  try {
    process.kill(-pid!, signal)
  } catch {
    // It has ended.
  }
}

process.once("exit", () => {
  for (const child of running) kill(child, "SIGKILL")
})

export class Terminal {
  readonly command: string
  readonly #child: ChildProcess
  readonly #exited: Promise<unknown>
  #output = ""
  #exitCode: number | undefined

  constructor(command: string, { cwd, env }: Place) {
    this.command = command
    this.#child = spawn("bash", ["-c", `exec 2>&1\nset -eo pipefail\n${command}`], {
      cwd,
      env,
      // A group of its own, which is what a terminal sends Ctrl-C to.
      detached: true,
      stdio: ["ignore", "pipe", "ignore"]
    })
    running.add(this.#child)
    this.#child.stdout!.setEncoding("utf8").on("data", (chunk) => {
      this.#output = (this.#output + chunk).replaceAll("\r\n", "\n").slice(-keptChars)
    })
    this.#exited = once(this.#child, "close").then(([code]) => {
      running.delete(this.#child)
      this.#exitCode = code ?? -1
    })
  }

  get output(): string {
    return this.#output
  }

  /** Waits for its end. */
  async done(limitMs: number): Promise<void> {
    const code = await waitUntil(`${this.command}\nends`, () => this.#code, limitMs).catch(
      (error: Error) => {
        kill(this.#child, "SIGKILL")
        throw new Error(`${error.message}\n${this.#output}`)
      }
    )
    if (code.value !== 0)
      throw new Error(`${this.command}\nends with ${code.value}:\n${this.#output}`)
  }

  get #code(): { readonly value: number } | undefined {
    return this.#exitCode === undefined ? undefined : { value: this.#exitCode }
  }

  /** Waits until this has appeared, and forgets what was there up to its end. */
  async shows(sight: string, limitMs = sightLimitMs): Promise<void> {
    const end = await waitUntil("it appears", () => endOf(sight, this.#output), limitMs).catch(
      () => {
        throw new Error(`${this.command}\nshould show\n\n${sight}\nbut shows\n\n${this.#output}`)
      }
    )
    this.#output = this.#output.slice(end)
  }

  /** Ctrl-C, and the end that follows. */
  async interrupt(): Promise<void> {
    if (this.#exitCode !== undefined) return
    kill(this.#child, "SIGINT")
    const late = setTimeout(() => kill(this.#child, "SIGKILL"), endLimitMs)
    await this.#exited
    clearTimeout(late)
  }
}
