import { assert, describe, it } from "@effect/vitest"
import type { Capabilities } from "@weir/core/Capability"
import { SharedCapabilities } from "./SharedCapabilities.ts"

const capabilitiesFor = (pattern: string): Capabilities => [
  { pattern, verbs: ["subscribe", "publish"] }
]

describe("shared capabilities", () => {
  it("are one value for all who may do the same", () => {
    const shared = new SharedCapabilities()
    const first = shared.of(capabilitiesFor("chat:*"))

    assert.strictEqual(shared.of(capabilitiesFor("chat:*")), first)
    assert.deepStrictEqual(first, capabilitiesFor("chat:*"))
  })

  it("are not mixed up", () => {
    const shared = new SharedCapabilities()
    shared.of(capabilitiesFor("chat:*"))
    const narrower: Capabilities = [{ pattern: "chat:*", verbs: ["subscribe"] }]

    assert.deepStrictEqual(shared.of(capabilitiesFor("live:*")), capabilitiesFor("live:*"))
    assert.strictEqual(shared.of(narrower), narrower)
  })

  it("are forgotten when there are too many, and then shared anew", () => {
    const shared = new SharedCapabilities()
    const first = shared.of(capabilitiesFor("chat:*"))
    for (let user = 0; user < 1_000; user++) shared.of(capabilitiesFor(`user:${user}`))
    const again = shared.of(capabilitiesFor("chat:*"))

    assert.notStrictEqual(again, first)
    assert.strictEqual(shared.of(capabilitiesFor("chat:*")), again)
  })
})
