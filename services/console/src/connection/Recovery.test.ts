import { assert, describe, it } from "@effect/vitest"
import { nothingPublished, type RecoveryEvent, recoveryAfter } from "./Recovery.ts"

const after = (...events: ReadonlyArray<RecoveryEvent>) =>
  events.reduce(recoveryAfter, nothingPublished)

const at = (offset: number, epoch = "e") => ({ epoch, term: 1, offset })

const accepted = (offset: number, isAway = true): RecoveryEvent => ({
  type: "accepted",
  position: at(offset),
  isAway
})

const came = (offset: number, isReplay = false): RecoveryEvent => ({
  type: "publication",
  position: at(offset),
  isReplay
})

const fates = ({ ticks }: typeof nothingPublished) =>
  ticks.map(({ fate, position }) => `${position.offset} ${fate}`)

describe("Recovery", () => {
  it("sees what is published while away as missed, and as back once it has come", () => {
    const away = after(came(1), accepted(2), accepted(3))
    const back = [came(2, true), came(3, true), came(4)].reduce(recoveryAfter, away)

    assert.deepStrictEqual(fates(away), ["1 live", "2 missed", "3 missed"])
    assert.deepStrictEqual(away.counts, { live: 1, missed: 2, back: 0, lost: 0 })
    assert.deepStrictEqual(fates(back), ["1 live", "2 back", "3 back", "4 live"])
    assert.deepStrictEqual(back.counts, { live: 2, missed: 0, back: 2, lost: 0 })
  })

  it("does not mind whether the answer or the publication comes first", () => {
    assert.deepStrictEqual(fates(after(accepted(1, false), came(1))), ["1 live"])
    assert.deepStrictEqual(fates(after(came(1), accepted(1, false))), ["1 live"])
    assert.deepStrictEqual(fates(after(came(1), accepted(1))), ["1 live"])
  })

  it("knows as back what nobody had told it of", () => {
    assert.deepStrictEqual(fates(after(came(1), came(2, true))), ["1 live", "2 back"])
  })

  it("keeps the channel's order when answers do not", () => {
    assert.deepStrictEqual(fates(after(accepted(3), accepted(2))), ["2 missed", "3 missed"])
  })

  it("gives up what a gap says will not come", () => {
    const some = after(accepted(1), accepted(2), accepted(3))
    const gap = { type: "gap", gap: { from: 1, to: 2, position: at(2) } } as const
    const all = {
      type: "gap",
      gap: { from: undefined, to: undefined, position: at(0, "f") }
    } as const

    assert.deepStrictEqual(fates(recoveryAfter(some, gap)), ["1 lost", "2 lost", "3 missed"])
    assert.deepStrictEqual(recoveryAfter(some, all).counts, {
      live: 0,
      missed: 0,
      back: 0,
      lost: 3
    })
  })

  it("shows the newest 240 and counts all", () => {
    const { counts, ticks } = after(...Array.from({ length: 250 }, (_, index) => came(index)))

    assert.lengthOf(ticks, 240)
    assert.strictEqual(counts.live, 250)
  })
})
