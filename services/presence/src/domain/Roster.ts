/**
 * Roster: the members of one channel now, and who says so.
 *
 * Each member belongs to the connector that announced it last: a session that
 * moves to another connector stays the same member, and the late leave of the
 * connector it came from takes nobody away. What a call changes for those who
 * watch, it returns; nothing, when they would see no difference.
 */
import type { Member } from "@weir/core/Member"
import { SortedIds } from "./SortedIds.ts"

/** A channel with more is an audience, whose size is of interest and whose list is not. */
export const maxMembers = 100_000

/** A name and a picture's address fit; 100,000 of them are still 100 MB for one channel. */
export const maxMemberDataBytes = 1_024

export const maxPageSize = 1_000
const defaultPageSize = 100

/** `changed`: was a member before, and has other data now. */
export interface Change {
  readonly kind: "joined" | "changed" | "left"
  readonly member: Member
}

/** Why a join was not taken. */
export type Refusal = "data_too_large" | "roster_full"

export interface Page {
  readonly members: Array<Member>
  /** The `after` of the next page; empty: this was the last one. */
  readonly next: string
}

interface Entry {
  readonly connector: string
  readonly member: Member
}

const noData = new Uint8Array()

/** With data of its own: decoded data is a window that would keep its whole message alive. */
const owned = (member: Member, joinedAt: number): Member => ({
  ...member,
  joinedAt,
  data: member.data.byteLength === 0 ? noData : new Uint8Array(member.data)
})

const sameData = (one: Member, other: Member): boolean =>
  one.user === other.user &&
  one.contentType === other.contentType &&
  one.data.byteLength === other.data.byteLength &&
  one.data.every((byte, i) => byte === other.data[i])

const pageSize = (limit: number): number =>
  limit <= 0 ? defaultPageSize : Math.min(limit, maxPageSize)

export class Roster {
  readonly #entries = new Map<string, Entry>()
  readonly #ids = new SortedIds()
  readonly #sessionsOfUser = new Map<string, number>()

  get size(): number {
    return this.#entries.size
  }

  has(memberId: string): boolean {
    return this.#entries.has(memberId)
  }

  /** Distinct: one with three sessions here counts once, anonymous sessions not at all. */
  get userCount(): number {
    return this.#sessionsOfUser.size
  }

  /** Announced again, by whomever, a member has been here since it was first announced. */
  join(connector: string, announced: Member): Change | Refusal | undefined {
    if (announced.data.byteLength > maxMemberDataBytes) return "data_too_large"
    const before = this.#entries.get(announced.id)
    if (before === undefined) {
      if (this.#entries.size >= maxMembers) return "roster_full"
      const member = owned(announced, announced.joinedAt)
      this.#entries.set(member.id, { connector, member })
      this.#ids.add(member.id)
      this.#countUser(member.user, 1)
      return { kind: "joined", member }
    }
    if (sameData(before.member, announced)) {
      if (before.connector !== connector) {
        this.#entries.set(announced.id, { connector, member: before.member })
      }
      return undefined
    }
    const member = owned(announced, before.member.joinedAt)
    this.#entries.set(member.id, { connector, member })
    this.#countUser(before.member.user, -1)
    this.#countUser(member.user, 1)
    return { kind: "changed", member }
  }

  /** Nothing, when the member is not here or belongs to another connector. */
  leave(connector: string, memberId: string): Change | undefined {
    const entry = this.#entries.get(memberId)
    if (entry === undefined || entry.connector !== connector) return undefined
    this.#entries.delete(memberId)
    this.#ids.remove(memberId)
    this.#countUser(entry.member.user, -1)
    return { kind: "left", member: entry.member }
  }

  /** At most `limit` members (0: 100) behind the id `after`, in the order of their ids. */
  page(after: string, limit: number): Page {
    const size = pageSize(limit)
    const members: Array<Member> = []
    for (const id of this.#ids.after(after)) {
      if (members.length === size) return { members, next: members[size - 1]!.id }
      members.push(this.#entries.get(id)!.member)
    }
    return { members, next: "" }
  }

  #countUser(user: string, delta: number): void {
    if (user === "") return
    const count = (this.#sessionsOfUser.get(user) ?? 0) + delta
    if (count === 0) this.#sessionsOfUser.delete(user)
    else this.#sessionsOfUser.set(user, count)
  }
}
