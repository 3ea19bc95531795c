/**
 * Seat: one hook's place at a shared channel.
 *
 * Who comes when the channel is live already and wants to begin earlier reads that from the
 * history; what the channel brings meanwhile waits, so that all of it comes in order.
 */
import type { ChannelEvent } from "../ChannelEvents.ts"
import { asWeirError, WeirError } from "../Failure.ts"
import type { History } from "../History.ts"
import type { Publication } from "../Publication.ts"
import type { Wish } from "./Wish.ts"

/** Who sits there. */
export interface Guest {
  readonly wish: () => Wish
  readonly onEvent: (event: ChannelEvent) => void
  /** The channel's past could not be read; what follows comes all the same. */
  readonly onError: (error: WeirError) => void
}

const MAX_HELD = 1_024

export class Seat {
  readonly guest: Guest
  /** It has not begun yet. */
  isNew = true
  #held: Array<ChannelEvent> | undefined = []
  #isLeft = false

  constructor(guest: Guest) {
    this.guest = guest
  }

  /** `past`: what to begin with, newest first. */
  begin(past?: Promise<Pick<History, "publications">>): void {
    this.isNew = false
    if (past === undefined) return this.#release([])
    past.then(
      ({ publications }) => this.#release([...publications].reverse()),
      (cause) => this.#giveUp(asWeirError(cause, "internal"))
    )
  }

  take(event: ChannelEvent): void {
    if (this.#isLeft) return
    if (this.#held === undefined) return this.guest.onEvent(event)
    this.#held.push(event)
    if (this.#held.length < MAX_HELD) return
    this.#giveUp(new WeirError("aborted", `${MAX_HELD} events came before the history`))
  }

  leave(): void {
    this.#isLeft = true
    this.#held = undefined
  }

  #giveUp(error: WeirError): void {
    if (this.#held === undefined) return
    this.guest.onError(error)
    this.#release([])
  }

  #release(past: ReadonlyArray<Publication>): void {
    if (this.#held === undefined) return
    const events = after(past, this.#held)
    this.#held = undefined
    for (const event of events) this.take(event)
  }
}

/** Of the past only what was before: a short one may be newer than the first that was held. */
const after = (
  past: ReadonlyArray<Publication>,
  held: ReadonlyArray<ChannelEvent>
): ReadonlyArray<ChannelEvent> => {
  const isBefore = ({ position }: Publication): boolean => {
    const first = held.find(
      (event) => event.type === "publication" && event.publication.position.epoch === position.epoch
    )
    return first?.type !== "publication" || position.offset < first.publication.position.offset
  }
  const known = past.filter(isBefore)
  return [...known.map((publication) => ({ type: "publication" as const, publication })), ...held]
}
