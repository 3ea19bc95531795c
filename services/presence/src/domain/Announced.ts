/**
 * Announced: what one connector has said, and on which of its streams last.
 *
 * After a lost stream the connector says everything again on the next one; what
 * still stands under an older stream when the grace ends was not said again.
 */
export interface Announcement {
  readonly channel: string
  readonly memberId: string
}

export class Announced {
  readonly #channels = new Map<string, Map<string, number>>()

  get isEmpty(): boolean {
    return this.#channels.size === 0
  }

  /** `stream`: its number; a later stream has a greater one. */
  add(channel: string, memberId: string, stream: number): void {
    const members = this.#channels.get(channel)
    if (members === undefined) this.#channels.set(channel, new Map([[memberId, stream]]))
    else members.set(memberId, stream)
  }

  remove(channel: string, memberId: string): void {
    const members = this.#channels.get(channel)
    if (members?.delete(memberId) === true && members.size === 0) this.#channels.delete(channel)
  }

  /** What was last said on this stream or an older one. Entries may be removed meanwhile. */
  *upTo(stream: number): Generator<Announcement> {
    for (const [channel, members] of this.#channels) {
      for (const [memberId, last] of members) if (last <= stream) yield { channel, memberId }
    }
  }
}
