/**
 * OutsideService: a service that publishes over plain HTTP, as one outside of this tab would.
 *
 * It does not go through the tab's network: so it goes on while that is cut.
 */
import type { Position } from "@weir/client/Envelope"
import { type Observable, Observed } from "@weir/client/Observable"

export interface ServiceState {
  readonly isOn: boolean
  readonly problem: string | undefined
}

const EVERY_MS = 250
// Two minutes: nobody forgets it for longer.
const MAX_PUBLICATIONS = 480
// The development key, which is no secret.
const KEY = "dev-key"

export class OutsideService {
  readonly #channel: string
  readonly #onAccepted: (position: Position) => void
  readonly #state = new Observed<ServiceState>({ isOn: false, problem: undefined })
  #timer: ReturnType<typeof setTimeout> | undefined
  #left = 0

  constructor(channel: string, onAccepted: (position: Position) => void) {
    this.#channel = channel
    this.#onAccepted = onAccepted
  }

  get state(): Observable<ServiceState> {
    return this.#state
  }

  start(): void {
    if (this.#state.value.isOn) return
    this.#left = MAX_PUBLICATIONS
    this.#state.set({ isOn: true, problem: undefined })
    void this.#publish()
  }

  stop(problem?: string): void {
    clearTimeout(this.#timer)
    if (this.#state.value.isOn) this.#state.set({ isOn: false, problem })
  }

  async #publish(): Promise<void> {
    const problem = await this.#post().catch(() => "the server does not answer")
    if (problem !== undefined) return this.stop(problem)
    if (--this.#left <= 0) return this.stop()
    if (this.#state.value.isOn) this.#timer = setTimeout(() => void this.#publish(), EVERY_MS)
  }

  /** Why it could not be published, if it could not. */
  async #post(): Promise<string | undefined> {
    const response = await fetch("/v1/publish", {
      method: "POST",
      headers: { authorization: `Bearer ${KEY}`, "content-type": "application/json" },
      body: JSON.stringify({ channel: this.#channel, data: { at: Date.now() } })
    })
    if (response.status === 404) return "this server has no HTTP publish API"
    const body = (await response.json()) as { position?: Position; message?: string }
    if (!response.ok || body.position === undefined) return body.message ?? `${response.status}`
    this.#onAccepted(body.position)
    return undefined
  }
}
