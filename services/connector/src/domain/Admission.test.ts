import { assert, describe, it } from "@effect/vitest"
import { addressesIn } from "@weir/core/AddressRanges"
import { checkOrigin, Handshakes, limitKeyOf } from "./Admission.ts"

describe("Admission", () => {
  it("allows exactly the configured origins, and programs that send none", () => {
    const allowed = ["https://app.example.com"]
    assert.isUndefined(checkOrigin(allowed, undefined))
    assert.isUndefined(checkOrigin(allowed, "https://app.example.com"))
    for (const origin of [
      "null",
      "http://app.example.com",
      "https://app.example.com:8443",
      "https://app.example.com.evil.org",
      "https://evil.org",
      ""
    ]) {
      assert.strictEqual(checkOrigin(allowed, origin)?.code, "permission_denied", origin)
    }
  })

  it("exempts addresses of the configured ranges, however they are written", () => {
    const isExempt = addressesIn(["127.0.0.0/8", "2001:db8::/32"])
    assert.deepStrictEqual(
      ["127.0.0.9", "::ffff:127.0.0.1", "2001:db8:1::1", "10.0.0.1", "::1"].map(isExempt),
      [true, true, true, false, false]
    )
  })

  it("counts an IPv6 customer once, and says when to come back", () => {
    const handshakes = new Handshakes({ perSecond: 1, burst: 2 })
    assert.isUndefined(handshakes.admit("2001:db8:1:2::1", 0))
    assert.isUndefined(handshakes.admit("2001:db8:1:2::2", 0))
    assert.strictEqual(handshakes.admit("2001:db8:1:2::3", 0)?.retryAfterMs, 1_000)
    assert.isUndefined(handshakes.admit("2001:db8:1:3::1", 0))
    assert.deepStrictEqual(
      ["10.1.2.3", "::1", "::", "2001:db8::1", "2001:db8::2:1", "2001:db8:0:0:5::"].map(limitKeyOf),
      ["10.1.2.3", "0:0:0:0", "0:0:0:0", "2001:db8:0:0", "2001:db8:0:0", "2001:db8:0:0"]
    )
  })
})
