/**
 * Observable: a value that changes, and those who want to know when.
 */
import { callBack } from "./Callback.ts"

export interface Observable<T> {
  readonly value: T
  /** Calls the listener after each change, until what is returned is called. */
  readonly subscribe: (listener: (value: T) => unknown) => () => void
}

export class Observed<T> implements Observable<T> {
  readonly #listeners = new Set<{ readonly listener: (value: T) => unknown }>()
  #value: T

  constructor(value: T) {
    this.#value = value
  }

  get value(): T {
    return this.#value
  }

  /** A change that a listener makes is told to all before the rest of this one. */
  set(value: T): void {
    if (value === this.#value) return
    this.#value = value
    for (const { listener } of [...this.#listeners]) callBack(() => listener(value))
  }

  readonly subscribe = (listener: (value: T) => unknown): (() => void) => {
    // The same function may listen twice.
    const entry = { listener }
    this.#listeners.add(entry)
    return () => void this.#listeners.delete(entry)
  }
}
