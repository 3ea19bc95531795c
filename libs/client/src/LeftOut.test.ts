import { assert, describe, it } from "@effect/vitest"
import { Progress } from "./Progress.ts"

const at = (offset: number, epoch = "e1") => ({ epoch, term: 1, offset })
const from = (publisher: string, offset: number, messageId = "") => ({
  position: at(offset),
  publisher,
  messageId
})

/** A subscription that has come to offset 5, of a client of ann's. */
const begun = () => {
  const progress = new Progress("chat:lobby")
  progress.begin({ channel: "chat:lobby", position: at(5), next: 6 })
  return progress
}

describe("publications of one's own that are left out", () => {
  it("are no gap, whether they are known before the next one or after it", () => {
    const progress = begun()
    for (const id of ["m-1", "m-2"]) progress.leaveOut("ann", id, 0)
    progress.leftOut("m-1", at(7))

    assert.deepStrictEqual(progress.take(from("bob", 6), 0), { deliver: true })
    assert.deepStrictEqual(progress.take(from("bob", 9), 0), { deliver: true })
    progress.leftOut("m-2", at(8))
    assert.strictEqual(progress.take(from("bob", 11), 0).gap?.from, 10)
  })

  it("move the cursor on, so that a resume begins behind them", () => {
    const progress = begun()
    for (const id of ["m-1", "m-2", "m-3"]) progress.leaveOut("ann", id, 0)
    progress.leftOut("m-2", at(8))
    progress.leftOut("m-1", at(6))
    assert.deepStrictEqual(progress.position, at(6))

    progress.take(from("bob", 7), 0)
    assert.deepStrictEqual(progress.position, at(8))
  })

  it.each(["ann", ""])("are known again where a replay has them after all, user %j", (user) => {
    const progress = begun()
    progress.leaveOut(user, "m-1", 0)

    assert.deepStrictEqual(progress.take(from(user || "anonymous-7", 6, "m-1"), 1), {
      deliver: false
    })
    assert.isTrue(progress.take(from("bob", 7, "m-2"), 1).deliver)
    assert.isDefined(progress.take(from("bob", 9), 1).gap)
  })

  it("excuse no hole that is larger than they are many, nor one after they were refused", () => {
    const progress = begun()
    for (const id of ["m-1", "m-2"]) progress.leaveOut("ann", id, 0)

    assert.deepStrictEqual(progress.take(from("bob", 9), 0).gap?.to, 8)
    progress.leftOut("m-1")
    progress.leftOut("m-2")
    assert.strictEqual(progress.take(from("bob", 11), 0).gap?.from, 10)
  })

  it("mean nothing in another epoch", () => {
    const progress = begun()
    progress.leaveOut("ann", "m-1", 0)
    progress.leftOut("m-1", at(8))
    progress.skip({ channel: "chat:lobby", reason: "epoch_changed", position: at(7, "e2") })

    assert.deepStrictEqual(progress.position, at(7, "e2"))
    progress.take({ position: at(8, "e2") }, 0)
    assert.strictEqual(progress.take({ position: at(10, "e2") }, 0).gap?.from, 9)
  })
})
