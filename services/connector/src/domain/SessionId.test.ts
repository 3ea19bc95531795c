import { randomBytes } from "node:crypto"
import { assert, describe, it } from "@effect/vitest"
import { publicNameOf, sessionIds } from "./SessionId.ts"

describe("a session id", () => {
  it("names its node and has 128 random bits", () => {
    const newId = sessionIds("connector-1", (bytes) => Buffer.alloc(bytes, 0xff))
    assert.strictEqual(newId(), `connector-1.${Buffer.alloc(16, 0xff).toString("base64url")}`)
  })

  it("is given once, also when the random bytes drawn for many are used up", () => {
    const newId = sessionIds("connector-1", randomBytes)
    const ids = Array.from({ length: 10_000 }, newId)
    assert.strictEqual(new Set(ids).size, ids.length)
    assert.isTrue(ids.every((id) => /^connector-1\.[\w-]{22}$/.test(id)))
  })

  it("does not stay behind in the bytes it was made of", () => {
    const drawn: Array<Buffer> = []
    const newId = sessionIds("connector-1", (bytes) => {
      drawn.push(randomBytes(bytes))
      return drawn[0]!
    })
    newId()
    assert.isTrue(drawn[0]!.subarray(0, 16).every((byte) => byte === 0))
  })

  it("has a public name that does not give it away", () => {
    const name = publicNameOf("connector-1.abc")
    assert.match(name, /^[\w-]{16}$/)
    assert.strictEqual(name, publicNameOf("connector-1.abc"))
    assert.notStrictEqual(name, publicNameOf("connector-1.abd"))
  })
})
