/**
 * Journal: what happened to this tab's line, as the server's frames and the page tell it.
 *
 * Pure. A comeback is counted here: what the server owed for the time away, and what of it has
 * arrived.
 */
import type { Position, ServerEnvelope, SubscribedPayload } from "@weir/client/Envelope"
import type { ConnectionState } from "@weir/client/Session"

export type JournalEvent =
  | { readonly type: "state"; readonly state: ConnectionState; readonly failure?: string }
  | { readonly type: "cut" }
  | { readonly type: "restored" }
  | { readonly type: "frame"; readonly frame: ServerEnvelope }

export type Entry = { readonly id: number; readonly at: number } & (
  | { readonly kind: "connected"; readonly user: string }
  /** `byHand`: the page's own switch. */
  | { readonly kind: "lost"; readonly byHand: boolean }
  | { readonly kind: "restored" }
  | Comeback
  | {
      readonly kind: "gap"
      readonly channel: string
      readonly reason: string
      /** How many publications will not come; undefined where the server cannot know. */
      readonly count: number | undefined
    }
  | { readonly kind: "closed"; readonly failure: string }
)

export interface Comeback {
  readonly kind: "comeback"
  readonly awayMs: number
  /** The subscriptions that went on exactly where they were, and all of them. */
  readonly recovered: number
  readonly channels: number
  /** Publications of the time away: to come again, and those that have come. */
  readonly owed: number
  readonly replayed: number
}

export interface Journal {
  /** The oldest first. */
  readonly entries: ReadonlyArray<Entry>
  readonly state: ConnectionState
  readonly isCut: boolean
  /** When the line was lost; undefined while it is up. */
  readonly lostAt: number | undefined
  /** The head of each channel at the last comeback: what comes up to it was missed. */
  readonly heads: ReadonlyMap<string, Position>
  /** What the server last answered to the subscribe of each channel; the newest at the end. */
  readonly answers: ReadonlyMap<string, SubscribedPayload>
  /** Over the life of the tab. */
  readonly replayed: number
  readonly lost: number
}

export const emptyJournal: Journal = {
  entries: [],
  state: "idle",
  isCut: false,
  lostAt: undefined,
  heads: new Map(),
  answers: new Map(),
  replayed: 0,
  lost: 0
}

const MAX_ENTRIES = 100
const MAX_ANSWERS = 100

type NewEntry = Entry extends infer E ? (E extends Entry ? Omit<E, "id" | "at"> : never) : never

export const journalAfter = (journal: Journal, event: JournalEvent, now: number): Journal => {
  switch (event.type) {
    case "state":
      return stateAfter({ ...journal, state: event.state }, event.failure, now)
    case "cut":
      return { ...journal, isCut: true }
    case "restored":
      return withEntry({ ...journal, isCut: false }, { kind: "restored" }, now)
    case "frame":
      return frameAfter(journal, event.frame, now)
  }
}

const stateAfter = (journal: Journal, failure: string | undefined, now: number): Journal => {
  if (journal.state === "closed") {
    return failure === undefined ? journal : withEntry(journal, { kind: "closed", failure }, now)
  }
  // Every attempt that fails is one more `waiting`; the line was lost once.
  const isLost = journal.state === "waiting" && journal.lostAt === undefined
  if (!isLost) return journal
  return withEntry({ ...journal, lostAt: now }, { kind: "lost", byHand: journal.isCut }, now)
}

const frameAfter = (journal: Journal, frame: ServerEnvelope, now: number): Journal => {
  switch (frame.type) {
    case "connected": {
      const { subscriptions = [], user = "" } = frame.payload
      const subscribed = subscriptions.flatMap((result) => result.subscribed ?? [])
      const answered = subscribed.reduce(withAnswer, journal)
      return journal.lostAt === undefined
        ? withEntry(answered, { kind: "connected", user }, now)
        : comeback(answered, journal.lostAt, subscribed, now)
    }
    case "subscribed":
      return withAnswer(journal, frame.payload)
    case "publication": {
      const { channel = "", position } = frame.payload
      return isReplay(journal, channel, position) ? counted(journal) : journal
    }
    case "gap": {
      const { channel, from, reason, to } = frame.payload
      const count = from === undefined || to === undefined ? undefined : to - from + 1
      const lost = journal.lost + (count ?? 0)
      return withEntry({ ...journal, lost }, { kind: "gap", channel, reason, count }, now)
    }
    default:
      return journal
  }
}

const withAnswer = (journal: Journal, answer: SubscribedPayload): Journal => {
  const others = [...journal.answers].filter(([channel]) => channel !== answer.channel)
  const answers = new Map(others.slice(1 - MAX_ANSWERS)).set(answer.channel, answer)
  return { ...journal, answers }
}

/** Was it published while the line was lost? */
export const isReplay = (
  { heads }: Journal,
  channel: string,
  { epoch, offset }: Position
): boolean => {
  const head = heads.get(channel)
  return head !== undefined && head.epoch === epoch && offset <= head.offset
}

const counted = (journal: Journal): Journal => {
  const entries = [...journal.entries]
  const index = entries.findLastIndex(({ kind }) => kind === "comeback")
  const entry = entries[index]
  if (entry?.kind === "comeback") entries[index] = { ...entry, replayed: entry.replayed + 1 }
  return { ...journal, entries, replayed: journal.replayed + 1 }
}

const comeback = (
  journal: Journal,
  lostAt: number,
  subscribed: ReadonlyArray<SubscribedPayload>,
  now: number
): Journal => {
  // One that begins here has nothing to come back to.
  const resumed = subscribed.filter(({ reason, recovered }) => recovered === true || !!reason)
  const entry: NewEntry = {
    kind: "comeback",
    awayMs: now - lostAt,
    recovered: resumed.filter(({ recovered }) => recovered).length,
    channels: resumed.length,
    owed: resumed.reduce((sum, each) => sum + owedTo(each), 0),
    replayed: 0
  }
  const heads = new Map(resumed.map(({ channel, position }) => [channel, position]))
  const back = withEntry({ ...journal, lostAt: undefined, heads }, entry, now)
  return resumed.reduce((before, each) => broken(before, each, now), back)
}

// `latest`: only the newest of what was missed comes, if any.
const owedTo = ({ delivery, next, position }: SubscribedPayload): number => {
  const behind = Math.max(0, position.offset - next + 1)
  return delivery === "latest" ? Math.min(1, behind) : behind
}

/** A subscription that could not go on where it was says so instead of a `gap`. */
const broken = (journal: Journal, subscribed: SubscribedPayload, now: number): Journal => {
  const { channel, reason, recovered } = subscribed
  if (recovered || !reason) return journal
  return withEntry(journal, { kind: "gap", channel, reason, count: undefined }, now)
}

const withEntry = (journal: Journal, entry: NewEntry, now: number): Journal => {
  const id = (journal.entries.at(-1)?.id ?? 0) + 1
  return {
    ...journal,
    entries: [...journal.entries, { ...entry, id, at: now }].slice(-MAX_ENTRIES)
  }
}
