/**
 * TimerWheel: many things, each to be looked at about a time of its own.
 *
 * A thing sits in the slot of the tick at which it is due, so that a tick costs as much as
 * there is to do then, however many things wait. A timer of Node's for each would be exact,
 * and weigh 200 bytes; a heap would be exact, and cost more to move in.
 */

/** In no slot. */
export const notInWheel = -1

export interface Wheeled {
  /** The wheel's own: where the thing is. Begins as `notInWheel`. */
  slot: number
}

export interface TimerWheelOptions {
  readonly tickMs: number
  /** What is due beyond so many ticks comes up early, to be put in again. */
  readonly slots: number
  readonly nowMillis: number
}

export class TimerWheel<T extends Wheeled> {
  readonly #tickMs: number
  readonly #slots: Array<Set<T>>
  /** The last tick that has been taken. */
  #tick: number

  constructor({ nowMillis, slots, tickMs }: TimerWheelOptions) {
    this.#tickMs = tickMs
    this.#slots = Array.from({ length: slots }, () => new Set())
    this.#tick = Math.floor(nowMillis / tickMs)
  }

  /** Puts a thing where it is due, instead of where it was. What is due by now comes with the next tick. */
  add(thing: T, dueMillis: number): void {
    this.delete(thing)
    const next = this.#tick + 1
    const due = Math.ceil(dueMillis / this.#tickMs)
    const tick = Math.min(Math.max(due, next), this.#tick + this.#slots.length)
    thing.slot = tick % this.#slots.length
    this.#slots[thing.slot]!.add(thing)
  }

  delete(thing: T): void {
    if (thing.slot === notInWheel) return
    this.#slots[thing.slot]!.delete(thing)
    thing.slot = notInWheel
  }

  /** Takes out what has become due. */
  take(nowMillis: number): ReadonlyArray<T> {
    const { length } = this.#slots
    const now = Math.floor(nowMillis / this.#tickMs)
    const due: Array<T> = []
    // After a pause, or a clock that was put forward, every slot has come once at most.
    for (let tick = Math.max(this.#tick, now - length) + 1; tick <= now; tick++) {
      const slot = this.#slots[tick % length]!
      for (const thing of slot) {
        thing.slot = notInWheel
        due.push(thing)
      }
      if (slot.size === 0) continue
      // A cleared one would hold all that were ever in it, as `TransientMap` says.
      this.#slots[tick % length] = new Set()
    }
    // Also back: what sat in the slots between comes late, by one turn of the wheel at most.
    this.#tick = now
    return due
  }
}
