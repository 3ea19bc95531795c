import { assert, describe, it } from "@effect/vitest"
import { nextEnd, nobodyTypes, type TypistsEvent, typingWords, typistsAfter } from "./Typists.ts"

const after = (...events: ReadonlyArray<TypistsEvent>) => events.reduce(typistsAfter, nobodyTypes)

const types = (user: string, at = 0, member = `${user}-1`): TypistsEvent => ({
  type: "signal",
  member,
  user,
  isTyping: true,
  at
})

describe("Typists", () => {
  it("forgets each three seconds after the last signal", () => {
    const typists = after(types("ann"), types("bob", 1_000), types("ann", 2_000))

    assert.strictEqual(nextEnd(typists), 4_000)
    assert.deepStrictEqual(
      [...typistsAfter(typists, { type: "tick", at: 4_000 }).keys()],
      ["ann-1"]
    )
    assert.isUndefined(nextEnd(typistsAfter(typists, { type: "tick", at: 5_000 })))
  })

  it("forgets who has sent the message, in every tab", () => {
    const typists = after(types("ann"), types("ann", 0, "ann-2"), types("bob"))

    assert.strictEqual(
      typingWords(typistsAfter(typists, { type: "said", user: "ann" })),
      "bob is typing…"
    )
  })

  it("forgets who has thought better of it, and who has left", () => {
    const stopped = {
      type: "signal",
      member: "ann-1",
      user: "ann",
      isTyping: false,
      at: 1
    } as const

    assert.strictEqual(typingWords(after(types("ann"), stopped)), "")
    assert.strictEqual(
      typingWords(after(types("ann"), { type: "present", members: new Set(["bob-1"]) })),
      ""
    )
  })

  it("changes nothing when there is nothing to forget", () => {
    const typists = after(types("ann"))

    assert.strictEqual(typistsAfter(typists, { type: "tick", at: 1 }), typists)
  })

  it.each([
    [["ann"], "ann is typing…"],
    [["ann", "bob"], "ann and bob are typing…"],
    [["ann", "bob", "cleo"], "3 people are typing…"],
    [["", "ann"], "somebody and ann are typing…"]
  ])("says of %j: %s", (users, words) => {
    assert.strictEqual(typingWords(after(...users.map((user) => types(user)))), words)
  })

  it("holds fifty at most", () => {
    const crowd = Array.from({ length: 60 }, (_, index) => types(`user-${index}`))

    assert.strictEqual(after(...crowd).size, 50)
  })
})
