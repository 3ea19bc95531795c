/**
 * PendingChanges: what one watcher has not been told yet.
 *
 * Only the difference that is left counts: who came and went between two
 * flushes was never here, and of many changes of a member the newest is told.
 * So there is at most one entry for each member the watcher knows or has yet to
 * learn of, however long it does not read.
 */
import type { Member, PresenceChange } from "@weir/core/Member"
import type { Change } from "./Roster.ts"

interface Pending {
  readonly member: Member
  readonly isHere: boolean
  /** The watcher believes it here: a leave must be told, even after a join that was not. */
  readonly wasHere: boolean
}

const noData = new Uint8Array()

const nameOnly = ({ id, user }: Member): Member => ({
  id,
  user,
  joinedAt: 0,
  contentType: "",
  data: noData
})

export class PendingChanges {
  readonly #channels = new Map<string, Map<string, Pending>>()
  #size = 0

  /** Members that there is something to tell about, in all channels. */
  get size(): number {
    return this.#size
  }

  add(channel: string, { kind, member }: Change): void {
    const members = this.#membersOf(channel)
    const before = members.get(member.id)
    const isHere = kind !== "left"
    const wasHere = before?.wasHere ?? kind !== "joined"
    if (isHere || wasHere) {
      members.set(member.id, { member, isHere, wasHere })
      if (before === undefined) this.#size += 1
    } else {
      this.#delete(channel, members, member.id)
    }
  }

  /** Drops what waits for a channel that is no longer watched. */
  forget(channel: string): void {
    this.#size -= this.#channels.get(channel)?.size ?? 0
    this.#channels.delete(channel)
  }

  /** Takes the changes of at most `limit` members, the channels that wait longest first. */
  take(limit: number): Array<PresenceChange> {
    const changes: Array<PresenceChange> = []
    let room = limit
    for (const [channel, members] of this.#channels) {
      if (room === 0) break
      const change: PresenceChange = { channel, joined: [], left: [] }
      for (const [id, { member, isHere }] of members) {
        if (room === 0) break
        if (isHere) change.joined.push(member)
        else change.left.push(nameOnly(member))
        this.#delete(channel, members, id)
        room -= 1
      }
      changes.push(change)
    }
    return changes
  }

  #membersOf(channel: string): Map<string, Pending> {
    let members = this.#channels.get(channel)
    if (members === undefined) {
      members = new Map()
      this.#channels.set(channel, members)
    }
    return members
  }

  #delete(channel: string, members: Map<string, Pending>, memberId: string): void {
    members.delete(memberId)
    this.#size -= 1
    if (members.size === 0) this.#channels.delete(channel)
  }
}
