/**
 * FirstNames: of many names, those that come first.
 *
 * A router may hold a million channels, of which a page shows a hundred: so never more than
 * twice a page is kept, and sorted, at a time.
 */
export class FirstNames {
  readonly #limit: number
  #kept: Array<string> = []
  /** Once there are enough, whatever does not come before it is too late. */
  #last: string | undefined

  constructor(limit: number) {
    this.#limit = limit
  }

  add(name: string): void {
    if (this.#last !== undefined && name >= this.#last) return
    this.#kept.push(name)
    if (this.#kept.length >= 2 * this.#limit) this.#cut()
  }

  /** In their order. */
  names(): ReadonlyArray<string> {
    this.#cut()
    return this.#kept
  }

  #cut(): void {
    this.#kept.sort()
    this.#kept = this.#kept.slice(0, this.#limit)
    if (this.#kept.length === this.#limit) this.#last = this.#kept.at(-1)
  }
}
