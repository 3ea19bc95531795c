/**
 * ByteBudget: bytes that many may hold together.
 */
export class ByteBudget {
  readonly #maxBytes: number
  #used = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get used(): number {
    return this.#used
  }

  hasRoom(bytes: number): boolean {
    return this.#used + bytes <= this.#maxBytes
  }

  /** So many more are held; fewer, if negative. */
  count(bytes: number): void {
    this.#used += bytes
  }
}
