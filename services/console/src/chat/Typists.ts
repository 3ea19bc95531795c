/**
 * Typists: who is writing a message at the moment, as their signals tell.
 *
 * A signal may be the last that ever comes, so each counts for a while only.
 */

interface Typist {
  readonly user: string
  readonly until: number
}

/** By `Member.id`: one user may write in two tabs. */
export type Typists = ReadonlyMap<string, Typist>

export type TypistsEvent =
  | {
      readonly type: "signal"
      readonly member: string
      readonly user: string
      readonly isTyping: boolean
      readonly at: number
    }
  /** A message came: that is what was being written. */
  | { readonly type: "said"; readonly user: string }
  | { readonly type: "present"; readonly members: ReadonlySet<string> }
  | { readonly type: "tick"; readonly at: number }

export const nobodyTypes: Typists = new Map()

/** How long a signal counts. */
export const SHOWN_MS = 3_000
// More would not be named, and anyone may signal under any number of sessions.
const MAX_TYPISTS = 50

export const typistsAfter = (typists: Typists, event: TypistsEvent): Typists => {
  switch (event.type) {
    case "signal": {
      const { at, isTyping, member, user } = event
      const others = kept(typists, (id) => id !== member)
      if (!isTyping || others.size >= MAX_TYPISTS) return others
      return new Map(others).set(member, { user, until: at + SHOWN_MS })
    }
    case "said":
      return kept(typists, (_, { user }) => user !== event.user)
    case "present":
      return kept(typists, (id) => event.members.has(id))
    case "tick":
      return kept(typists, (_, { until }) => until > event.at)
  }
}

/** When the next of them is to be forgotten; undefined if there is nobody. */
export const nextEnd = (typists: Typists): number | undefined =>
  typists.size === 0 ? undefined : Math.min(...Array.from(typists.values(), ({ until }) => until))

/** What the room is told; empty if nobody types. */
export const typingWords = (typists: Typists): string => {
  const users = new Set(Array.from(typists.values(), ({ user }) => user || "somebody"))
  const [first, second, third] = users
  if (first === undefined) return ""
  if (second === undefined) return `${first} is typing…`
  if (third === undefined) return `${first} and ${second} are typing…`
  return `${users.size} people are typing…`
}

const kept = (typists: Typists, keep: (id: string, typist: Typist) => boolean): Typists => {
  const entries = [...typists].filter(([id, typist]) => keep(id, typist))
  return entries.length === typists.size ? typists : new Map(entries)
}
