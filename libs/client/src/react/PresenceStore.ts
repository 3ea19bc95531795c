/**
 * PresenceStore: the state of one `usePresence`, which lives as long as somebody watches it.
 */
import { Observed } from "../Observable.ts"
import type { WeirClient } from "../WeirClient.ts"
import { emptyView, type RosterView } from "./Roster.ts"
import type { SharedChannel } from "./SharedChannel.ts"
import { sharedChannel } from "./SharedChannels.ts"

export class PresenceStore {
  readonly #client: WeirClient
  readonly #channel: string
  readonly #view = new Observed<RosterView>(emptyView)
  #member: unknown
  #shared: SharedChannel | undefined

  constructor(client: WeirClient, channel: string) {
    this.#client = client
    this.#channel = channel
  }

  /** Takes the member of the newest render. */
  follow(member: unknown): void {
    if (member === this.#member) return
    this.#member = member
    this.#shared?.settle()
  }

  readonly current = (): RosterView => this.#view.value

  readonly subscribe = (listener: () => void): (() => void) => {
    const shared = sharedChannel(this.#client, this.#channel)
    this.#shared = shared
    const show = () => {
      const { value: roster } = shared.roster.view
      const error = shared.status.value.error ?? roster.error
      this.#view.set(error === roster.error ? roster : { ...roster, error })
    }
    show()
    const ends = [
      this.#view.subscribe(listener),
      shared.roster.view.subscribe(show),
      shared.status.subscribe(show),
      shared.join({
        wish: () => ({ rewind: 0, presence: true, member: this.#member }),
        onEvent: () => {},
        onError: () => {}
      })
    ]
    return () => {
      for (const end of ends) end()
      this.#shared = undefined
    }
  }
}
