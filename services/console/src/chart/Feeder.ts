/**
 * Feeder: publishes a random walk from this tab until it is stopped, whatever view is shown.
 */
import { type Observable, Observed } from "@weir/client/Observable"
import type { WeirClient } from "@weir/client/WeirClient"
import { stepAfter } from "./RandomWalk.ts"

export const DEMO = "live:demo"

const EVERY_MS = 250
// A number that is older than its successor is worth nothing.
const TIMEOUT_MS = 2_000

export class Feeder {
  readonly #client: WeirClient
  readonly #isOn = new Observed(false)
  #timer: ReturnType<typeof setInterval> | undefined
  #value = 50
  #isWaiting = false

  constructor(client: WeirClient) {
    this.#client = client
  }

  get isOn(): Observable<boolean> {
    return this.#isOn
  }

  start(): void {
    if (this.#isOn.value) return
    this.#isOn.set(true)
    this.#timer = setInterval(() => void this.#feed(), EVERY_MS)
    void this.#feed()
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#isOn.set(false)
  }

  async #feed(): Promise<void> {
    if (this.#client.state === "closed") return this.stop()
    this.#value = stepAfter(this.#value, Math.random())
    // While it is undecided, the next one has to wait for its turn: it is left out.
    if (this.#isWaiting || this.#client.state !== "connected") return
    this.#isWaiting = true
    const data = { value: this.#value }
    await this.#client.publish(DEMO, data, { timeoutMs: TIMEOUT_MS }).catch(() => {})
    this.#isWaiting = false
  }
}
