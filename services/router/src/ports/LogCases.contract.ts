/**
 * The channels, entries and questions with which the contract of `LogStore` is told.
 */
import { assert } from "@effect/vitest"
import { makeNamespace } from "@weir/core/Namespace"
import type { Position } from "@weir/core/Position"
import { encodePublication } from "@weir/wire/Publications"
import { Effect } from "effect"
import { pageBytes } from "../domain/Page.ts"
import { type Append, LogStore } from "./LogStore.ts"

/** The caller's. */
export const term = 4_096
const encoder = new TextEncoder()
const chat = makeNamespace("chat", { historySize: 5, historyAgeSeconds: 60, dedupeSeconds: 10 })
const live = makeNamespace("live", { logged: false, dedupeSeconds: 10 })
const state = makeNamespace("state", { slowConsumer: "conflate" })
const heavy = makeNamespace("heavy", { historyBytes: 1_000 })

export const lobby = { channel: "chat:lobby", namespace: chat, term }
export const ticker = { channel: "live:ticker", namespace: live, term }
export const door = { channel: "state:door", namespace: state, term }
export const heavyLobby = { channel: "heavy:lobby", namespace: heavy, term }

/** All that the contract writes to. */
export const channels = [lobby, ticker, door, heavyLobby].map(({ channel }) => channel)

/** Entries directly after a head, one for each message id; an empty one for none. */
export const entriesAfter = (
  { epoch, offset }: Position,
  ids: ReadonlyArray<string>,
  publishedAt = 0,
  writtenUnder = term
): Append["entries"] =>
  ids.map((messageId, index) =>
    encodePublication({
      channel: "chat:lobby",
      publisher: "ann",
      messageId,
      key: "",
      contentType: "",
      data: encoder.encode(`"${messageId}"`),
      publishedAt,
      position: { epoch, term: writtenUnder, offset: offset + 1 + index }
    })
  )

export const upTo = (limit: number, maxBytes = pageBytes) => ({ limit, maxBytes })

/** `bytes` of data in one entry that goes in after the present head. */
export const appendLarge = Effect.fnUntraced(function* (where: typeof lobby, bytes: number) {
  const logs = yield* LogStore
  const after = yield* headOf(where)
  const position = { epoch: after.epoch, term, offset: after.offset + 1 }
  const message = {
    channel: where.channel,
    publisher: "ann",
    messageId: "",
    key: "",
    contentType: ""
  }
  const entry = encodePublication({
    ...message,
    data: new Uint8Array(bytes),
    publishedAt: 0,
    position
  })
  yield* logs.append({ ...where, after, entries: [entry] })
  return position
})

export const none = (count: number) => Array.from({ length: count }, () => "")

export const headOf = (where: typeof lobby) =>
  Effect.flatMap(LogStore, ({ head }) => Effect.map(head(where), (it) => it.head))

/** Appends after the present head and gives the new one. */
export const append = Effect.fnUntraced(function* (
  where: typeof lobby,
  ids: ReadonlyArray<string>,
  publishedAt = 0
) {
  const logs = yield* LogStore
  const after = yield* headOf(where)
  const entries = entriesAfter(after, ids, publishedAt)
  const result = yield* logs.append({ ...where, after, entries })
  assert.strictEqual(result._tag, "Appended")
  return entries.at(-1)!.publication.position
})

export const offsets = (page: { readonly entries: Append["entries"] }) =>
  page.entries.map(({ publication }) => publication.position.offset)
