import { assert, describe, it } from "@effect/vitest"
import type { Capabilities } from "./Capability.ts"
import { SharedCapabilities } from "./SharedCapabilities.ts"

const capabilitiesFor = (pattern: string): Capabilities => [
  { pattern, verbs: ["subscribe", "publish"] }
]

const written = (pattern: string) => ({ [pattern]: ["subscribe", "publish"] })

describe("shared capabilities", () => {
  it("are found by the text that they were read from", () => {
    const shared = new SharedCapabilities()
    let reads = 0
    const read = (pattern: string) => () => {
      reads++
      return written(pattern)
    }
    const chat = shared.of("chat", read("chat:*"))
    shared.of("live", read("live:*"))

    assert.deepStrictEqual(chat, capabilitiesFor("chat:*"))
    assert.strictEqual(shared.of("chat", read("chat:*")), chat)
    assert.deepStrictEqual(shared.of("live", read("live:*")), capabilitiesFor("live:*"))
    assert.strictEqual(reads, 2)
    shared.of("state", read("state:*"))
    assert.strictEqual(reads, 3)
  })

  it("are not kept where the text is none", () => {
    const shared = new SharedCapabilities()
    assert.isString(shared.of("chat", () => ({ "chat:*": ["dance"] })))
    assert.deepStrictEqual(
      shared.of("chat", () => written("chat:*")),
      capabilitiesFor("chat:*")
    )
  })

  it("are forgotten when there are too many", () => {
    const shared = new SharedCapabilities()
    const chat = shared.of("chat", () => written("chat:*"))
    let last: unknown
    for (let user = 0; user < 1_000; user++) {
      last = shared.of(`${user}`, () => written(`user:${user}`))
    }

    assert.notStrictEqual(
      shared.of("chat", () => written("chat:*")),
      chat
    )
    assert.deepStrictEqual(last, capabilitiesFor("user:999"))
    assert.strictEqual(
      shared.of("999", () => written("user:999")),
      last
    )
  })
})
