/**
 * Watchdog: does something unless it is put off in time.
 */
export class Watchdog {
  readonly #act: () => void
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(act: () => void) {
    this.#act = act
  }

  putOff(ms: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(this.#act, ms)
  }

  stop(): void {
    clearTimeout(this.#timer)
  }
}
