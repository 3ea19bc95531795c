import { assert, describe, it } from "@effect/vitest"
import type { Member } from "@weir/core/Member"
import { maxMemberDataBytes, maxMembers, maxPageSize, Roster } from "./Roster.ts"

const member = (id: string, fields: Partial<Member> = {}): Member => ({
  id,
  user: `user-of-${id}`,
  joinedAt: 1,
  contentType: "",
  data: new Uint8Array(),
  ...fields
})

const bytes = (...values: ReadonlyArray<number>) => new Uint8Array(values)

const rosterOf = (...ids: ReadonlyArray<string>): Roster => {
  const roster = new Roster()
  for (const id of ids) roster.join("connector-1", member(id))
  return roster
}

describe("Roster.join", () => {
  const ann = member("m", { user: "ann", contentType: "text/plain", data: bytes(1) })

  it.each([
    ["a member that was not here has joined", [], ann, "joined"],
    ["the same again is no change", [ann], ann, undefined],
    ["the same, said to have come later, is no change", [ann], { ...ann, joinedAt: 9 }, undefined],
    ["other data is a change", [ann], { ...ann, data: bytes(2) }, "changed"],
    ["longer data is a change", [ann], { ...ann, data: bytes(1, 1) }, "changed"],
    ["another content type is a change", [ann], { ...ann, contentType: "" }, "changed"],
    ["another user is a change", [ann], { ...ann, user: "bob" }, "changed"]
  ] as const)("%s", (_title, before, announced, expected) => {
    const roster = new Roster()
    for (const it of before) roster.join("connector-1", it)

    const change = roster.join("connector-1", announced)

    assert.strictEqual(typeof change === "string" ? change : change?.kind, expected)
    assert.strictEqual(roster.size, 1)
  })

  it("keeps when a member came, whatever is said later", () => {
    const roster = new Roster()
    roster.join("connector-1", { ...ann, joinedAt: 5 })
    roster.join("connector-1", { ...ann, joinedAt: 9, data: bytes(2) })

    assert.deepStrictEqual(roster.page("", 1).members, [{ ...ann, joinedAt: 5, data: bytes(2) }])
  })

  it("keeps data of its own, since decoded data is a window into its message", () => {
    const message = Buffer.from([1, 2, 3, 4])
    const roster = new Roster()
    roster.join("connector-1", { ...ann, data: message.subarray(1, 3) })

    const { data } = roster.page("", 1).members[0]!
    message.fill(0)

    assert.deepStrictEqual([...data], [2, 3])
    assert.strictEqual(data.buffer.byteLength, 2)
  })

  it("refuses data above the limit, and keeps what was here before", () => {
    const roster = rosterOf("m")
    const large = { data: new Uint8Array(maxMemberDataBytes + 1) }

    assert.strictEqual(roster.join("connector-1", member("m", large)), "data_too_large")
    assert.strictEqual(roster.join("connector-1", member("n", large)), "data_too_large")
    assert.deepStrictEqual(roster.page("", 10).members, [member("m")])
  })

  it("refuses newcomers when it is full, and still takes changes of members", () => {
    const roster = new Roster()
    for (let i = 0; i < maxMembers; i++) roster.join("connector-1", member(String(i)))

    assert.strictEqual(roster.join("connector-1", member("late")), "roster_full")
    const change = roster.join("connector-1", member("7", { data: bytes(1) }))
    assert.deepInclude(change, { kind: "changed" })
  })
})

describe("Roster.leave", () => {
  it("takes a member away once, and says who it was", () => {
    const roster = rosterOf("m", "n")

    assert.deepStrictEqual(roster.leave("connector-1", "m"), { kind: "left", member: member("m") })
    assert.strictEqual(roster.leave("connector-1", "m"), undefined)
    assert.strictEqual(roster.size, 1)
  })

  it("ignores a connector to which the member does not belong", () => {
    const roster = rosterOf("m")

    assert.strictEqual(roster.leave("connector-2", "m"), undefined)
    assert.strictEqual(roster.size, 1)
  })

  it("belongs to the connector that announced the member last", () => {
    const roster = rosterOf("m")
    assert.strictEqual(roster.join("connector-2", member("m")), undefined)

    assert.strictEqual(roster.leave("connector-1", "m"), undefined)
    assert.strictEqual(roster.leave("connector-2", "m")?.kind, "left")
  })
})

describe("Roster's counts", () => {
  it("count a user once, whatever the number of sessions, and forget who has none left", () => {
    const roster = new Roster()
    for (const id of ["m", "n"]) roster.join("connector-1", member(id, { user: "ann" }))
    roster.join("connector-1", member("o", { user: "bob" }))
    assert.deepStrictEqual([roster.size, roster.userCount], [3, 2])

    roster.leave("connector-1", "m")
    assert.strictEqual(roster.userCount, 2)
    roster.leave("connector-1", "n")
    assert.strictEqual(roster.userCount, 1)
  })

  it("count an anonymous session as a member and as no user", () => {
    const roster = new Roster()
    roster.join("connector-1", member("m", { user: "" }))
    assert.deepStrictEqual([roster.size, roster.userCount], [1, 0])
  })

  it("follow a member whose user changes", () => {
    const roster = new Roster()
    roster.join("connector-1", member("m", { user: "ann" }))
    roster.join("connector-1", member("n", { user: "bob" }))
    roster.join("connector-1", member("m", { user: "bob" }))
    assert.strictEqual(roster.userCount, 1)
  })
})

describe("Roster.page", () => {
  it.each([
    ["all when they fit", "", 3, ["a", "b", "c"], ""],
    ["the first, and where the next begins", "", 2, ["a", "b"], "b"],
    ["those behind the page before", "b", 2, ["c"], ""],
    ["those behind an id that has left", "aa", 1, ["b"], "b"],
    ["none behind the last", "c", 2, [], ""]
  ] as const)("holds %s", (_title, after, limit, ids, next) => {
    const page = rosterOf("c", "a", "b").page(after, limit)
    assert.deepStrictEqual([page.members.map(({ id }) => id), page.next], [ids, next])
  })

  it("has 100 members where no limit is given, and at most 1,000", () => {
    const roster = rosterOf(...Array.from({ length: 1_500 }, (_, i) => String(i)))
    assert.strictEqual(roster.page("", 0).members.length, 100)
    assert.strictEqual(roster.page("", 1_000_000).members.length, maxPageSize)
  })

  it("shows every member exactly once to who walks through the pages", () => {
    const ids = Array.from({ length: 1_000 }, (_, i) => String((i * 7_919) % 1_000))
    const roster = rosterOf(...ids)

    const seen: Array<string> = []
    let after = ""
    do {
      const page = roster.page(after, 7)
      seen.push(...page.members.map(({ id }) => id))
      after = page.next
    } while (after !== "")

    assert.deepStrictEqual(seen, ids.toSorted())
  })
})
