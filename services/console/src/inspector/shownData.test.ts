import { assert, describe, it } from "@effect/vitest"
import { shownData } from "./shownData.ts"

describe("shownData", () => {
  it.each([
    [{ text: "hi" }, "application/json", `{"text":"hi"}`],
    ["hi", "application/json", `"hi"`],
    ["one\ntwo", "text/plain", "one\ntwo"],
    [new Uint8Array([0, 255]), "image/png", "2 bytes: 00 ff"],
    [undefined, "application/json", ""]
  ])("shows %j of %s", (data, contentType, shown) => {
    assert.strictEqual(shownData(data, contentType), shown)
  })

  it("breaks long JSON into lines, and shows the beginning of long bytes", () => {
    assert.match(
      shownData({ text: "x".repeat(100) }, "application/json"),
      /^{\n {2}"text": "x+"\n}$/
    )
    assert.match(shownData(new Uint8Array(33), "image/png"), /^33 bytes: (00 ){32}…$/)
  })
})
