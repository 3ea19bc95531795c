/**
 * IdWindow: what is under way, by numbers that it was given in a row.
 *
 * It comes back in nearly the order in which it left, so that an array with a moving begin finds
 * each without a hash. One that never comes back keeps the array from getting shorter: whoever
 * waits gives up after a while, and takes it out.
 */

/** Room at the begin that is worth a copy of the rest. */
const worthACopy = 1_024

export class IdWindow<A> {
  #items: Array<A | undefined> = []
  /** The number of the first item of the array; of the first that was ever added, 1. */
  #first = 1
  /** All before it are gone. */
  #begin = 0

  /** Its number: one more than the last one's. */
  add(item: A): number {
    return this.#first + this.#items.push(item) - 1
  }

  /** Takes it out, if it is there. */
  take(id: number): A | undefined {
    const at = id - this.#first
    const item = this.#items[at]
    if (item === undefined) return undefined
    this.#items[at] = undefined
    if (at === this.#begin) this.#moveBegin()
    return item
  }

  /** All of them, in the order in which they were added. */
  takeAll(): ReadonlyArray<A> {
    const all = this.#items.filter((item) => item !== undefined)
    this.#dropFirst(this.#items.length)
    return all
  }

  #moveBegin(): void {
    const { length } = this.#items
    while (this.#begin < length && this.#items[this.#begin] === undefined) this.#begin++
    const isWorthIt = this.#begin >= worthACopy && this.#begin * 2 >= length
    if (this.#begin === length || isWorthIt) this.#dropFirst(this.#begin)
  }

  #dropFirst(count: number): void {
    this.#items = this.#items.slice(count)
    this.#first += count
    this.#begin = 0
  }
}
