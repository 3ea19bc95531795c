/**
 * RosterState: who is in a channel, put together from the roster as it was read and the
 * changes that overtake it.
 *
 * A change that comes while the roster is on its way may be older or newer than the answer.
 * So those changes are made again after it: the last word on each member is right both ways.
 */
import type { Presence } from "../Presence.ts"
import type { Member } from "../Publication.ts"
import type { PresenceChange } from "../Subscription.ts"

/** Undefined: has left. */
type Changes = ReadonlyMap<string, Member | undefined>

export interface RosterState {
  readonly members: ReadonlyMap<string, Member>
  /** False until it is read, and of a channel with more members than are kept. */
  readonly isComplete: boolean
  /** The last word on each member since the roster was asked for; undefined: it was not. */
  readonly changes: Changes | undefined
}

/** As many as one page of a roster can have. */
export const MAX_MEMBERS = 1_000

export const emptyRoster: RosterState = {
  members: new Map(),
  isComplete: false,
  changes: undefined
}

export const rosterAsked = (state: RosterState): RosterState => ({ ...state, changes: new Map() })

export const rosterRead = (
  { changes = new Map() }: RosterState,
  { members, next }: Pick<Presence, "members" | "next">
): RosterState => {
  const read = new Map(members.slice(0, MAX_MEMBERS).map((member) => [member.id, member]))
  const isComplete = next === "" && changes.size <= MAX_MEMBERS
  return { ...changed({ members: read, isComplete, changes: undefined }, changes) }
}

export const rosterChanged = (
  state: RosterState,
  { joined, left }: PresenceChange
): RosterState => {
  const changes = new Map<string, Member | undefined>(left.map(({ id }) => [id, undefined]))
  for (const member of joined) changes.set(member.id, member)
  const next = changed(state, changes)
  return state.changes === undefined ? next : { ...next, changes: later(state.changes, changes) }
}

const changed = (state: RosterState, changes: Changes): RosterState => {
  const members = new Map(state.members)
  let { isComplete } = state
  for (const [id, member] of changes) {
    if (member === undefined) members.delete(id)
    else if (members.has(id) || members.size < MAX_MEMBERS) members.set(id, member)
    else isComplete = false
  }
  return { ...state, members, isComplete }
}

/** One above the limit stays, and tells that not all of them are here. */
const later = (changes: Changes, more: Changes): Changes => {
  const all = new Map(changes)
  for (const [id, member] of more) if (all.has(id) || all.size <= MAX_MEMBERS) all.set(id, member)
  return all
}
