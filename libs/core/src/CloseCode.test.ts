import { assert, describe, it } from "@effect/vitest"
import { closeCodes, closeReason } from "./CloseCode.ts"

describe("close codes", () => {
  it("say by their range whether the client may return", () => {
    for (const { code, mayReturn, name } of Object.values(closeCodes)) {
      const range = code % 1_000 < 500
      assert.strictEqual(mayReturn, range, name)
    }
  })

  it("have reasons with the hint when to come back", () => {
    assert.strictEqual(closeReason(closeCodes.shutdown), "shutdown;after=100-3000")
    assert.strictEqual(closeReason(closeCodes.no_pong), "no_pong")
  })

  it.each([
    ["a long one", "x".repeat(500)],
    ["another script", "漢".repeat(64)],
    ["pictures", "🎉".repeat(64)],
    ["halves of characters", "\ud800".repeat(200)],
    ["line breaks", "a\r\nb"]
  ])("fit 123 bytes of ASCII, whatever the detail quotes: %s", (_title, detail) => {
    for (const close of Object.values(closeCodes)) {
      const reason = closeReason(close, detail)
      assert.match(reason, /^[\x20-\x7e]{1,123}$/)
      if ("after" in close) assert.match(reason, /;after=\d+-\d+$/)
    }
  })
})
