import { assert, describe, it } from "@effect/vitest"
import type { Capabilities } from "./Capability.ts"
import { SharedCapabilities } from "./SharedCapabilities.ts"

const capabilitiesFor = (pattern: string): Capabilities => [
  { pattern, verbs: ["subscribe", "publish"] }
]

describe("shared capabilities", () => {
  it("are found by the text that they were read from", () => {
    const shared = new SharedCapabilities()
    const chat = capabilitiesFor("chat:*")
    shared.keep("chat", chat)
    shared.keep("live", capabilitiesFor("live:*"))

    assert.strictEqual(shared.find("chat"), chat)
    assert.deepStrictEqual(shared.find("live"), capabilitiesFor("live:*"))
    assert.isUndefined(shared.find("state"))
  })

  it("are forgotten when there are too many", () => {
    const shared = new SharedCapabilities()
    shared.keep("chat", capabilitiesFor("chat:*"))
    for (let user = 0; user < 1_000; user++) shared.keep(`${user}`, capabilitiesFor(`user:${user}`))

    assert.isUndefined(shared.find("chat"))
    assert.deepStrictEqual(shared.find("999"), capabilitiesFor("user:999"))
  })
})
