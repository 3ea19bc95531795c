import { assert, describe, it } from "@effect/vitest"
import type { Comeback, Entry } from "../line/Journal.ts"
import { entryWords } from "./entryWords.ts"

const stamp = { id: 1, at: 0 }

const comeback = (over: Partial<Comeback> = {}): Entry => ({
  ...stamp,
  kind: "comeback",
  awayMs: 8_240,
  channels: 3,
  recovered: 3,
  owed: 1,
  replayed: 1,
  ...over
})

describe("entryWords", () => {
  it.each<[Entry, string]>([
    [{ ...stamp, kind: "connected", user: "ann" }, "Connected as ann"],
    [{ ...stamp, kind: "connected", user: "" }, "Connected as somebody anonymous"],
    [{ ...stamp, kind: "lost", byHand: true }, "Cut by your hand"],
    [comeback(), "Back after 8.2 s 1 of 1 missed publication replayed, no gap"],
    [
      comeback({ recovered: 2, owed: 9 }),
      "Back after 8.2 s 1 of 9 missed publications replayed, 1 channel with a gap"
    ],
    [
      { ...stamp, kind: "gap", channel: "chat:a", reason: "rolled_back", count: undefined },
      "Gap in chat:a some publications will not come (rolled back)"
    ],
    [
      { ...stamp, kind: "gap", channel: "chat:a", reason: "dropped", count: 1 },
      "Gap in chat:a 1 publication will not come (dropped)"
    ]
  ])("%j", (entry, words) => {
    const { detail, title } = entryWords(entry)

    assert.strictEqual(`${title} ${detail}`, words)
  })

  it("takes a comeback for good once everything has come", () => {
    assert.strictEqual(entryWords(comeback()).tone, "good")
    assert.strictEqual(entryWords(comeback({ replayed: 0 })).tone, "wait")
    assert.strictEqual(entryWords(comeback({ recovered: 2 })).tone, "wait")
  })
})
