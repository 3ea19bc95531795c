/**
 * Roster: keeps a channel's roster current: reads it, follows the changes, reads it again.
 */
import { asWeirError, type WeirError } from "../Failure.ts"
import { Observed } from "../Observable.ts"
import type { Presence } from "../Presence.ts"
import type { Member } from "../Publication.ts"
import type { PresenceChange } from "../Subscription.ts"
import {
  emptyRoster,
  type RosterState,
  rosterAsked,
  rosterChanged,
  rosterRead
} from "./RosterState.ts"

export interface RosterView {
  /** By the time they came. */
  readonly members: ReadonlyArray<Member>
  /** False until the roster is known, and in a channel with more than 1,000 members. */
  readonly isComplete: boolean
  readonly error: WeirError | undefined
}

export const emptyView: RosterView = { members: [], isComplete: false, error: undefined }

// A presence node that is lost is replaced within seconds. After these the roster waits for
// the next word from the server.
const MAX_RETRIES = 6
const RETRY_MS = 500

const byArrival = (one: Member, other: Member): number =>
  one.joinedAt - other.joinedAt || (one.id < other.id ? -1 : 1)

export class Roster {
  readonly view = new Observed<RosterView>(emptyView)
  readonly #ask: () => Promise<Presence>
  #state: RosterState = emptyRoster
  /** Which reading is awaited: an older answer is for nobody. */
  #reading = 0
  #retry: ReturnType<typeof setTimeout> | undefined

  /** `ask` gives the first page. */
  constructor(ask: () => Promise<Presence>) {
    this.#ask = ask
  }

  read(): void {
    this.#read(0)
  }

  change(change: PresenceChange): void {
    this.#show(rosterChanged(this.#state, change), this.view.value.error)
    if (change.reset) this.read()
  }

  /** Nobody looks any more. */
  clear(): void {
    clearTimeout(this.#retry)
    this.#reading++
    this.#state = emptyRoster
    this.view.set(emptyView)
  }

  #read(retries: number): void {
    clearTimeout(this.#retry)
    const reading = ++this.#reading
    this.#state = rosterAsked(this.#state)
    this.#ask().then(
      (page) => {
        if (reading === this.#reading) this.#show(rosterRead(this.#state, page), undefined)
      },
      (cause) => {
        if (reading === this.#reading) this.#failed(asWeirError(cause, "internal"), retries)
      }
    )
  }

  #failed(error: WeirError, retries: number): void {
    this.#show({ ...this.#state, changes: undefined }, error)
    if (!error.retryable || retries >= MAX_RETRIES) return
    const wait = Math.max(error.retryAfterMs, RETRY_MS * 2 ** retries)
    this.#retry = setTimeout(() => this.#read(retries + 1), wait)
  }

  #show(state: RosterState, error: WeirError | undefined): void {
    this.#state = state
    const members = [...state.members.values()].sort(byArrival)
    this.view.set({ members, isComplete: state.isComplete, error })
  }
}
