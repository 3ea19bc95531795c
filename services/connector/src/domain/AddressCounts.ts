/**
 * AddressCounts: how many connections each address has.
 *
 * Bounded by the connections themselves: an address with none is forgotten.
 */
import { limitKeyOf } from "./Admission.ts"

export class AddressCounts {
  readonly #counts = new Map<string, number>()

  of(address: string): number {
    return this.#counts.get(limitKeyOf(address)) ?? 0
  }

  add(address: string): void {
    const key = limitKeyOf(address)
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1)
  }

  remove(address: string): void {
    const key = limitKeyOf(address)
    const left = (this.#counts.get(key) ?? 0) - 1
    if (left > 0) this.#counts.set(key, left)
    else this.#counts.delete(key)
  }
}
