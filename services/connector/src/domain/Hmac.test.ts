import { createHmac, randomBytes } from "node:crypto"
import { assert, describe, it } from "@effect/vitest"
import { hmacSha256, maxTextLength } from "./Hmac.ts"

const ofNode = (secret: Uint8Array, text: string) =>
  createHmac("sha256", secret).update(text).digest("base64url")

describe("hmacSha256", () => {
  it("says what RFC 4231 says, case 2", () => {
    const mac = hmacSha256(Buffer.from("Jefe"))("what do ya want for nothing?")
    assert.strictEqual(
      Buffer.from(mac, "base64url").toString("hex"),
      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    )
  })

  it("says what Node says, of every length around a block's and of the longest", () => {
    for (const keyBytes of [0, 1, 32, 63, 64]) {
      const secret = randomBytes(keyBytes)
      const mac = hmacSha256(secret)
      for (const length of [...Array(200).keys(), 1_000, maxTextLength]) {
        // The long ones first would show what an earlier text leaves behind.
        for (const text of ["é".repeat(length), "x".repeat(length), "€".repeat(length)]) {
          assert.strictEqual(mac(text), ofNode(secret, text), `${keyBytes}, ${length}`)
        }
      }
    }
  })

  it("refuses what it has no room for", () => {
    assert.throws(() => hmacSha256(Buffer.alloc(65)), RangeError)
    assert.throws(() => hmacSha256(Buffer.alloc(32))("x".repeat(maxTextLength + 1)), RangeError)
  })
})
