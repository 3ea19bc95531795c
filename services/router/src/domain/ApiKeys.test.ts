import { assert, describe, it } from "@effect/vitest"
import { Failure } from "@weir/core/Failure"
import { authenticate, digestOf } from "./ApiKeys.ts"

const keys = [
  { id: "billing", sha256: digestOf("key-one"), capabilities: [] },
  { id: "orders", sha256: digestOf("key-two"), capabilities: [] }
]

describe("ApiKeys.authenticate", () => {
  it("knows a key by its digest", () => {
    const found = authenticate(keys, "Bearer key-two")
    assert.strictEqual(found instanceof Failure ? found.message : found.id, "orders")
  })

  it.each([
    ["no header", undefined],
    ["another scheme", "Basic a2V5LW9uZQ=="],
    ["an unknown key", "Bearer key-three"],
    ["the digest instead of the key", `Bearer ${digestOf("key-one")}`],
    ["an empty key", "Bearer "]
  ])("refuses %s", (_title, header) => {
    const refused = authenticate(keys, header)
    assert.strictEqual(refused instanceof Failure ? refused.code : refused.id, "unauthenticated")
  })
})
