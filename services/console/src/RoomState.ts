/**
 * RoomState: what a chat room shows, and how each event changes it.
 *
 * Pure, so that the order of events can be reasoned about: an own message and
 * the answer to its publish come in either order, and a change of the roster may
 * overtake the roster itself.
 */
import type { Gap } from "@weir/client/Progress"
import type { Member, Publication } from "@weir/client/Publication"
import type { PresenceChange } from "@weir/client/Subscription"
import type { ConnectionState } from "@weir/client/WeirClient"

export interface Message {
  readonly kind: "message"
  readonly id: string
  readonly author: string
  readonly text: string
  readonly at: number
}

/** A place in the conversation where something is missing. */
export interface Break {
  readonly kind: "gap"
  readonly id: string
  readonly reason: string
}

/** An own message that nobody has seen yet. */
export interface Draft {
  readonly id: string
  readonly text: string
  /** Why it was not sent; undefined while it is on its way. */
  readonly failure: string | undefined
}

export interface RoomState {
  readonly connection: ConnectionState
  /** Why the client was sent away for good. */
  readonly failure: string | undefined
  readonly lines: ReadonlyArray<Message | Break>
  readonly drafts: ReadonlyArray<Draft>
  readonly members: ReadonlyMap<string, Member>
  /** Changes since the roster was asked for; undefined when none is awaited. */
  readonly changes: ReadonlyArray<PresenceChange> | undefined
}

export type RoomEvent =
  | { readonly type: "connection"; readonly state: ConnectionState; readonly failure?: string }
  | { readonly type: "publication"; readonly publication: Publication }
  | { readonly type: "gap"; readonly gap: Gap }
  | { readonly type: "rosterAsked" }
  | { readonly type: "roster"; readonly members: ReadonlyArray<Member> }
  | { readonly type: "presence"; readonly change: PresenceChange }
  | { readonly type: "sending"; readonly id: string; readonly text: string }
  | { readonly type: "sent"; readonly id: string }
  | { readonly type: "failed"; readonly id: string; readonly reason: string }
  | { readonly type: "dismissed"; readonly id: string }

export const emptyRoom: RoomState = {
  connection: "idle",
  failure: undefined,
  lines: [],
  drafts: [],
  members: new Map(),
  changes: undefined
}

// Enough to scroll back through; a page that stays open for days must not grow.
const MAX_LINES = 500

export const roomAfter = (state: RoomState, event: RoomEvent): RoomState => {
  switch (event.type) {
    case "connection":
      return { ...state, connection: event.state, failure: event.failure }
    case "publication": {
      const { publication } = event
      const drafts = without(state.drafts, publication.messageId)
      return { ...withLine(state, messageOf(publication)), drafts }
    }
    case "gap": {
      const { epoch, offset } = event.gap.position
      const id = `gap ${epoch} ${offset} ${state.lines.length}`
      return withLine(state, { kind: "gap", id, reason: event.gap.reason })
    }
    case "rosterAsked":
      return { ...state, changes: [] }
    case "roster": {
      const members = new Map(event.members.map((member) => [member.id, member]))
      const changes = state.changes ?? []
      return { ...state, members: changes.reduce(rosterAfter, members), changes: undefined }
    }
    case "presence":
      return {
        ...state,
        members: rosterAfter(state.members, event.change),
        changes: state.changes && [...state.changes, event.change]
      }
    case "sending": {
      const draft = { id: event.id, text: event.text, failure: undefined }
      return { ...state, drafts: [...without(state.drafts, event.id), draft] }
    }
    case "failed": {
      const { id, reason } = event
      const fail = (draft: Draft) => (draft.id === id ? { ...draft, failure: reason } : draft)
      return { ...state, drafts: state.drafts.map(fail) }
    }
    // A duplicate is not delivered again, so the answer alone must end the draft.
    case "sent":
    case "dismissed":
      return { ...state, drafts: without(state.drafts, event.id) }
  }
}

const withLine = (state: RoomState, line: Message | Break): RoomState => ({
  ...state,
  lines: [...state.lines, line].slice(-MAX_LINES)
})

const without = (drafts: ReadonlyArray<Draft>, id: string) =>
  drafts.filter((draft) => draft.id !== id)

const rosterAfter = (
  members: ReadonlyMap<string, Member>,
  { joined, left }: PresenceChange
): ReadonlyMap<string, Member> => {
  const next = new Map(members)
  for (const { id } of left) next.delete(id)
  for (const member of joined) next.set(member.id, member)
  return next
}

const messageOf = ({ data, publisher, publishedAt, position }: Publication): Message => ({
  kind: "message",
  id: `${position.epoch} ${position.term} ${position.offset}`,
  author: publisher,
  text: textOf(data),
  at: publishedAt
})

// Anyone may publish here, with curl too: what is no chat message is shown as it is.
const textOf = (data: unknown): string => {
  if (data instanceof Uint8Array) return `${data.length} bytes`
  const text = typeof data === "object" && data !== null && "text" in data ? data.text : data
  return typeof text === "string" ? text : (JSON.stringify(text) ?? "")
}
