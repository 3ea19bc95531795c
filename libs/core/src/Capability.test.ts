import { assert, describe, it } from "@effect/vitest"
import { allows, type Capabilities, parseCapabilities, union, verbs } from "./Capability.ts"

const parsed = (input: unknown): Capabilities => {
  const capabilities = parseCapabilities(input)
  if (typeof capabilities === "string") throw new Error(capabilities)
  return capabilities
}

describe("Capability", () => {
  it.each([
    ["nothing without a capability", {}, "chat:a", false],
    ["what a prefix gives", { "chat:*": ["subscribe"] }, "chat:a", true],
    ["no other verb", { "chat:*": ["publish"] }, "chat:a", false],
    ["no other namespace", { "chat:*": ["subscribe"] }, "chatter:a", false],
    ["what a whole name gives", { "chat:a": ["subscribe"] }, "chat:a", true],
    ["not more than the name", { "chat:a": ["subscribe"] }, "chat:ab", false],
    ["everything", { "*": ["subscribe"] }, "chat:a", true],
    ["what the longest prefix gives", { "*": [], "chat:*": ["subscribe"] }, "chat:a", true],
    [
      "not what the longest takes away",
      { "chat:*": ["subscribe"], "chat:x*": [] },
      "chat:xy",
      false
    ],
    [
      "what the name gives, against a prefix",
      { "chat:a*": [], "chat:a": ["subscribe"] },
      "chat:a",
      true
    ],
    ["not what the name takes away", { "chat:*": ["subscribe"], "chat:a": [] }, "chat:a", false]
  ])("allows %s", (_title, rules, channel, expected) => {
    assert.strictEqual(allows(parsed(rules), "subscribe", channel), expected)
  })

  it.each([
    [null, "must be an object"],
    [[], "must be an object"],
    [{ "chat:*": "subscribe" }, "must be an array"],
    [{ "chat:*": ["fly"] }, "must be an array of subscribe, publish"],
    [{ "c*t:a": ["subscribe"] }, "* may only stand at the end"],
    [{ "": ["subscribe"] }, "* may only stand at the end"]
  ])("says what is wrong with %j", (input, message) => {
    assert.include(parseCapabilities(input) as string, message)
  })

  it("of two lists together allow what one of them allows, and nothing else", () => {
    let state = 7
    const below = (limit: number) => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
      return (state >>> 8) % limit
    }
    const name = () => Array.from({ length: below(4) }, () => "ab"[below(2)]).join("")
    const list = (): Capabilities => {
      const patterns = new Set(
        Array.from({ length: below(5) }, () => `c:${name()}${below(2) === 0 ? "*" : ""}`)
      )
      return [...patterns].map((pattern) => ({
        pattern,
        verbs: verbs.filter(() => below(2) === 0)
      }))
    }
    for (let round = 0; round < 5_000; round++) {
      const [one, other] = [list(), list()]
      const both = union(one, other)
      for (let check = 0; check < 8; check++) {
        const channel = `c:${name()}`
        const verb = verbs[below(verbs.length)]!
        const either = allows(one, verb, channel) || allows(other, verb, channel)
        const story = JSON.stringify({ one, other, verb, channel })
        assert.strictEqual(allows(both, verb, channel), either, story)
      }
    }
  })
})
