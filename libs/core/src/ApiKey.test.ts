import { assert, describe, it } from "@effect/vitest"
import { authenticate, digestOf, makeAuthenticator } from "./ApiKey.ts"
import { Failure } from "./Failure.ts"

const keys = [
  { id: "billing", sha256: digestOf("key-one"), capabilities: [], admin: false },
  { id: "orders", sha256: digestOf("key-two"), capabilities: [], admin: false }
]

describe("ApiKey.authenticate", () => {
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

describe("ApiKey.makeAuthenticator", () => {
  it("knows the same keys, also when they come again", () => {
    const known = makeAuthenticator(keys)
    for (const header of ["Bearer key-one", "Bearer key-two", "bearer key-two", "Bearer key-one"]) {
      assert.strictEqual(known(header), authenticate(keys, header))
    }
  })

  it("goes on refusing what it has refused", () => {
    const known = makeAuthenticator(keys)
    for (const header of [undefined, "", "Bearer key-three", "", undefined, "Bearer key-three"]) {
      assert.instanceOf(known(header), Failure)
    }
  })
})
