import { assert, describe, it } from "@effect/vitest"
import type { Member } from "@weir/core/Member"
import { PendingChanges } from "./PendingChanges.ts"
import type { Change } from "./Roster.ts"

const member = (id: string, data: number): Member => ({
  id,
  user: "ann",
  joinedAt: 1,
  contentType: "text/plain",
  data: new Uint8Array([data])
})

const joined = (data: number, id = "m"): Change => ({ kind: "joined", member: member(id, data) })
const changed = (data: number, id = "m"): Change => ({ kind: "changed", member: member(id, data) })
const left = (id = "m"): Change => ({ kind: "left", member: member(id, 0) })

const inLobby = (...changes: ReadonlyArray<Change>): PendingChanges => {
  const pending = new PendingChanges()
  for (const change of changes) pending.add("chat:lobby", change)
  return pending
}

describe("PendingChanges", () => {
  it.each([
    ["a join", [joined(1)], "joined 1"],
    ["a change", [changed(2)], "joined 2"],
    ["a leave", [left()], "left"],
    ["nothing of who came and went", [joined(1), left()], "nothing"],
    ["nothing of who came, changed and went", [joined(1), changed(2), left()], "nothing"],
    ["the newest data of a newcomer", [joined(1), changed(2)], "joined 2"],
    ["the newest of many changes", [changed(2), changed(3)], "joined 3"],
    ["a leave after a change that was not told", [changed(2), left()], "left"],
    ["a join with new data after a leave", [left(), joined(2)], "joined 2"],
    ["a leave of a known member that came back", [left(), joined(2), left()], "left"],
    ["a join of who came, went and came", [joined(1), left(), joined(2)], "joined 2"],
    ["nothing of who came twice and went twice", [joined(1), left(), joined(2), left()], "nothing"]
  ] as const)("tells %s", (_title, changes, expected) => {
    const pending = inLobby(...changes)
    const size = pending.size

    const told = pending
      .take(10)
      .flatMap((change) => [
        ...change.joined.map(({ data }) => `joined ${data[0]}`),
        ...change.left.map(() => "left")
      ])

    assert.deepStrictEqual(told, expected === "nothing" ? [] : [expected])
    assert.strictEqual(size, told.length)
  })

  it("tells only the id and the user of who left", () => {
    assert.deepStrictEqual(inLobby(left()).take(1)[0]?.left, [
      { id: "m", user: "ann", joinedAt: 0, contentType: "", data: new Uint8Array() }
    ])
  })

  it("remembers across a flush whom the watcher knows", () => {
    const pending = inLobby(joined(1))
    pending.take(1)
    pending.add("chat:lobby", left())
    assert.strictEqual(pending.take(1)[0]?.left.length, 1)
  })

  it("tells everything once, in batches of the limit, the longest waiting channel first", () => {
    const pending = inLobby(joined(1, "a"), joined(1, "b"), left("c"))
    pending.add("chat:kitchen", joined(1, "d"))
    const take = () =>
      pending.take(2).map((it) => [it.channel, it.joined.length, it.left.length] as const)

    assert.deepStrictEqual(take(), [["chat:lobby", 2, 0]])
    assert.deepStrictEqual(take(), [
      ["chat:lobby", 0, 1],
      ["chat:kitchen", 1, 0]
    ])
    assert.deepStrictEqual(take(), [])
    assert.strictEqual(pending.size, 0)
  })

  it("drops what waits for a channel that is no longer watched", () => {
    const pending = inLobby(joined(1, "a"), joined(1, "b"))
    pending.add("chat:kitchen", joined(1, "c"))
    pending.forget("chat:lobby")

    assert.strictEqual(pending.size, 1)
    assert.deepStrictEqual(
      pending.take(10).map(({ channel }) => channel),
      ["chat:kitchen"]
    )
  })

  it("holds no more than one entry for each member, however long nobody reads", () => {
    const pending = inLobby(left("known"))
    for (let i = 0; i < 10_000; i++) {
      pending.add("chat:lobby", joined(i % 256, "known"))
      pending.add("chat:lobby", left("known"))
      pending.add("chat:lobby", joined(i % 256, `new-${i}`))
      pending.add("chat:lobby", left(`new-${i}`))
    }
    assert.strictEqual(pending.size, 1)
  })
})
