/**
 * Progress: how far one subscription has come in its channel's log.
 *
 * It judges everything the server says about the log: deliver, drop as a repeat,
 * or announce a gap first. Offsets are compared only within one epoch and never
 * across a gap; beyond that, message ids tell repeats. Pure: time is an argument.
 */
import { Deduper } from "./Deduper.ts"
import type { GapPayload, Position, SubscribedPayload } from "./Envelope.ts"
import { LeftOut } from "./LeftOut.ts"

/** Something of the channel will not come. The next publication comes after `position`. */
export interface Gap {
  readonly channel: string
  /** trimmed, dropped, limit, epoch_changed or rolled_back. */
  readonly reason: string
  /** The offsets missed, both included, in the epoch of `position`; absent when unknown. */
  readonly from: number | undefined
  readonly to: number | undefined
  readonly position: Position
}

export interface Verdict {
  readonly deliver: boolean
  /** To be announced before the publication. */
  readonly gap?: Gap
}

interface Seen {
  readonly position: Position
  readonly publisher?: string
  readonly messageId?: string
}

// The server's dedupe window is two minutes: later, a publisher's retry is a new
// publication. The count holds half an hour of chat, or 34 s at 120 a second.
const REMEMBERED = { windowMs: 120_000, limit: 4096 }

export class Progress {
  readonly #channel: string
  readonly #seen = new Deduper(REMEMBERED)
  readonly #leftOut = new LeftOut()
  /** The next publication comes after this one. */
  #position: Position | undefined
  /**
   * The newest position that the server has named as one of the log: only such a one proves
   * anything when it is resumed from. Of where a replay begins we know no more than the offset.
   */
  #proven: Position | undefined
  #mayJump = false

  constructor(channel: string, since?: Position) {
    this.#channel = channel
    this.#position = since
    this.#proven = since
  }

  /** Where to go on after a cut; undefined while nothing is known that could be resumed. */
  get position(): Position | undefined {
    return this.#proven
  }

  /** Takes the server's answer to a subscribe; a gap if it could not go on from where we were. */
  begin({ position, recovered, reason, next, delivery }: SubscribedPayload): Gap | undefined {
    const before = this.#position
    const isAnnounced = before !== this.#proven
    this.#mayJump = delivery === "latest"
    const lost = recovered === true || !reason ? undefined : reason
    if (lost === "epoch_changed" || lost === "rolled_back") {
      this.#moveTo(position)
      return this.#gap(lost, undefined, undefined)
    }
    const sameEpoch = before?.epoch === position.epoch
    // What follows is told by `next`. Our own position keeps the term of the entry
    // it names, which the head's term need not be.
    if (next - 1 === position.offset && (!sameEpoch || before.offset !== next - 1)) {
      this.#moveTo(position)
    } else if (!sameEpoch || before.offset !== next - 1) {
      this.#position = { ...position, offset: next - 1 }
    }
    if (lost === undefined) return undefined
    // Cut off before the first publication after a gap: of that gap the program knows.
    if (isAnnounced && sameEpoch && before.offset === next - 1) return undefined
    return sameEpoch && before.offset < next - 1
      ? this.#gap(lost, before.offset + 1, next - 1)
      : this.#gap(lost, undefined, undefined)
  }

  /** Takes a gap that the server announced; its position may lie behind ours. */
  skip({ reason, from, to, position }: GapPayload): Gap {
    this.#moveTo(position)
    return this.#gap(reason, from, to)
  }

  /**
   * A publication of our own is on its way that is not to come back. An anonymous client does
   * not know what it is called: then its message id has to do.
   */
  leaveOut(user: string, messageId: string, now: number): void {
    this.#seen.isRepeat(user, messageId, now)
    this.#leftOut.add(messageId)
  }

  /** It was accepted at this position; without one, it was not. */
  leftOut(messageId: string, position?: Position): void {
    this.#leftOut.decide(messageId, position, this.#position)
    if (this.#position !== undefined) this.#passOwn(this.#position)
  }

  take({ position, publisher = "", messageId = "" }: Seen, now: number): Verdict {
    const before = this.#position
    const sameEpoch = before?.epoch === position.epoch
    if (sameEpoch && position.offset <= before.offset) return { deliver: false }

    const gap = before === undefined ? undefined : this.#unannounced(before, position)
    this.#moveTo(position)
    const isOwn = this.#seen.has("", messageId)
    const deliver = !this.#seen.isRepeat(publisher, messageId, now) && !isOwn
    // A replay may bring one that was to be left out: it is not missing then.
    if (!deliver) this.#leftOut.decide(messageId, undefined, undefined)
    return gap === undefined ? { deliver } : { deliver, gap }
  }

  #moveTo(position: Position): void {
    this.#position = position
    this.#proven = position
    this.#passOwn(position)
  }

  #passOwn(position: Position): void {
    const own = this.#leftOut.next(position)
    if (own !== undefined) this.#moveTo(own)
  }

  // A server that keeps its contract announces each jump. If one does not, the
  // program must still hear of what it will never get.
  #unannounced(before: Position, next: Position): Gap | undefined {
    const position = { ...next, offset: next.offset - 1 }
    const channel = this.#channel
    if (before.epoch !== next.epoch) {
      return { channel, reason: "epoch_changed", from: undefined, to: undefined, position }
    }
    if (this.#mayJump || position.offset === before.offset) return undefined
    const from = before.offset + 1
    if (this.#leftOut.explains(from, position.offset)) return undefined
    return { channel, reason: "dropped", from, to: position.offset, position }
  }

  #gap(reason: string, from: number | undefined, to: number | undefined): Gap {
    return { channel: this.#channel, reason, from, to, position: this.#position! }
  }
}
