import { assert, describe, it } from "@effect/vitest"
import type { ServerEnvelope, SubscribedPayload } from "@weir/client/Envelope"
import { emptyJournal, type Journal, type JournalEvent, journalAfter } from "./Journal.ts"

/** Each event comes a second after the one before. */
const journal = (...events: ReadonlyArray<JournalEvent>): Journal =>
  events.reduce((state, event, index) => journalAfter(state, event, index * 1_000), emptyJournal)

const frame = (value: ServerEnvelope): JournalEvent => ({ type: "frame", frame: value })

const state = (value: Journal["state"], failure?: string): JournalEvent => ({
  type: "state",
  state: value,
  ...(failure === undefined ? {} : { failure })
})

const at = (offset: number) => ({ epoch: "e", term: 1, offset })

const connected = (...subscribed: ReadonlyArray<SubscribedPayload>): JournalEvent =>
  frame({
    type: "connected",
    payload: {
      session: "s",
      user: "ann",
      heartbeatMs: 25_000,
      subscriptions: subscribed.map((each) => ({ subscribed: each }))
    }
  })

const publication = (offset: number): JournalEvent =>
  frame({ type: "publication", payload: { channel: "chat:a", position: at(offset) } })

const resumed = (over: Partial<SubscribedPayload> = {}): SubscribedPayload => ({
  channel: "chat:a",
  position: at(9),
  next: 7,
  recovered: true,
  delivery: "all",
  ...over
})

const kinds = ({ entries }: Journal) => entries.map(({ kind }) => kind)

describe("Journal", () => {
  it("notes the first connect and no comeback", () => {
    const { entries, replayed } = journal(
      connected({ channel: "chat:a", position: at(9), next: 5 }),
      publication(5)
    )

    assert.deepStrictEqual(entries, [{ id: 1, at: 0, kind: "connected", user: "ann" }])
    assert.strictEqual(replayed, 0)
  })

  it("notes once that the line was lost, however often it is tried", () => {
    const lost = journal(
      connected(),
      state("waiting"),
      state("connecting"),
      state("waiting"),
      state("connecting")
    )

    assert.deepStrictEqual(kinds(lost), ["connected", "lost"])
    assert.strictEqual(lost.lostAt, 1_000)
  })

  it("tells the page's own cut from any other", () => {
    const { entries } = journal(connected(), { type: "cut" }, state("waiting"))

    assert.deepInclude(entries.at(-1), { kind: "lost", byHand: true })
    assert.deepInclude(journal(state("waiting")).entries.at(-1), { byHand: false })
  })

  it("counts what came back of what was owed, and nothing that is new", () => {
    const { entries, replayed } = journal(
      connected(),
      state("waiting"),
      connected(resumed()),
      publication(7),
      publication(8),
      publication(9),
      publication(10)
    )

    const { id: _, at: __, ...comeback } = entries.at(-1)!
    assert.deepStrictEqual(comeback, {
      kind: "comeback",
      awayMs: 1_000,
      recovered: 1,
      channels: 1,
      owed: 3,
      replayed: 3
    })
    assert.strictEqual(replayed, 3)
  })

  it("expects only the newest where a channel keeps no more", () => {
    const { entries } = journal(
      state("waiting"),
      connected(resumed({ delivery: "latest", next: 1 }))
    )

    assert.deepInclude(entries.at(-1), { kind: "comeback", owed: 1 })
  })

  it("notes what will not come: of a subscription that could not go on, and of a gap", () => {
    const lossy = journal(
      state("waiting"),
      connected(resumed({ recovered: false, reason: "trimmed" })),
      frame({
        type: "gap",
        payload: { channel: "chat:a", reason: "dropped", from: 10, to: 14, position: at(14) }
      })
    )

    assert.deepStrictEqual(kinds(lossy), ["lost", "comeback", "gap", "gap"])
    assert.deepInclude(lossy.entries.at(-1), { reason: "dropped", count: 5 })
    assert.strictEqual(lossy.lost, 5)
  })

  it("keeps the newest answer of each channel, of a hundred at most", () => {
    const subscribed = (channel: string, offset: number): JournalEvent =>
      frame({ type: "subscribed", payload: { channel, position: at(offset), next: offset + 1 } })
    const many = Array.from({ length: 100 }, (_, index) => subscribed(`chat:${index}`, 1))

    const { answers } = journal(subscribed("chat:old", 1), ...many, subscribed("chat:0", 2))

    assert.strictEqual(answers.size, 100)
    assert.isFalse(answers.has("chat:old"))
    assert.strictEqual(answers.get("chat:0")?.position.offset, 2)
  })

  it("says why the server closed the line for good", () => {
    const { entries } = journal(state("closed", "banned"))

    assert.deepInclude(entries.at(-1), { kind: "closed", failure: "banned" })
    assert.isEmpty(journal(state("closed")).entries)
  })

  it("keeps the newest hundred entries", () => {
    const { entries } = journal(...Array.from({ length: 101 }, () => connected()))

    assert.lengthOf(entries, 100)
    assert.strictEqual(entries[0]?.id, 2)
  })
})
