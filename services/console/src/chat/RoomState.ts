/**
 * RoomState: what a chat room shows, and how each event changes it.
 *
 * Pure, so that the order of events can be reasoned about: an own message and
 * the answer to its publish come in either order.
 */
import type { Gap } from "@weir/client/Progress"
import type { Publication } from "@weir/client/Publication"

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
  readonly lines: ReadonlyArray<Message | Break>
  readonly drafts: ReadonlyArray<Draft>
  /** Is somebody looking at it? Undefined until somebody has. */
  readonly isOpen: boolean | undefined
  /** Messages since somebody last looked. */
  readonly unread: number
}

export type RoomEvent =
  | { readonly type: "publication"; readonly publication: Publication }
  | { readonly type: "gap"; readonly gap: Gap }
  | { readonly type: "sending"; readonly id: string; readonly text: string }
  | { readonly type: "sent"; readonly id: string }
  | { readonly type: "failed"; readonly id: string; readonly reason: string }
  | { readonly type: "dismissed"; readonly id: string }
  | { readonly type: "opened" }
  | { readonly type: "left" }

export const emptyRoom: RoomState = { lines: [], drafts: [], isOpen: undefined, unread: 0 }

// Enough to scroll back through; a page that stays open for days must not grow.
const MAX_LINES = 500

export const roomAfter = (state: RoomState, event: RoomEvent): RoomState => {
  switch (event.type) {
    case "publication": {
      const { publication } = event
      const drafts = without(state.drafts, publication.messageId)
      const unread = state.isOpen === false ? state.unread + 1 : state.unread
      return { ...withLine(state, messageOf(publication)), drafts, unread }
    }
    case "gap": {
      const { epoch, offset } = event.gap.position
      const id = `gap ${epoch} ${offset} ${state.lines.length}`
      return withLine(state, { kind: "gap", id, reason: event.gap.reason })
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
    case "opened":
      return { ...state, isOpen: true, unread: 0 }
    case "left":
      return { ...state, isOpen: false }
  }
}

const withLine = (state: RoomState, line: Message | Break): RoomState => ({
  ...state,
  lines: [...state.lines, line].slice(-MAX_LINES)
})

const without = (drafts: ReadonlyArray<Draft>, id: string) =>
  drafts.filter((draft) => draft.id !== id)

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
