import { assert, describe, it } from "@effect/vitest"
import { noticeAfter } from "./TypingNotice.ts"

describe("TypingNotice", () => {
  it.each([
    ["tells it at the first letter", undefined, false, 10_000, { notice: 10_000, isTyping: true }],
    ["says nothing again at once", 10_000, false, 11_999, { notice: 10_000, isTyping: undefined }],
    [
      "says it again before it is forgotten",
      10_000,
      false,
      12_000,
      { notice: 12_000, isTyping: true }
    ],
    [
      "takes it back when all is deleted",
      10_000,
      true,
      10_500,
      { notice: undefined, isTyping: false }
    ],
    [
      "leaves it where it is forgotten by now",
      10_000,
      true,
      13_000,
      { notice: undefined, isTyping: undefined }
    ],
    [
      "has nothing to take back",
      undefined,
      true,
      10_000,
      { notice: undefined, isTyping: undefined }
    ]
  ])("%s", (_title, notice, isEmpty, now, decision) => {
    assert.deepStrictEqual(noticeAfter(notice, isEmpty, now), decision)
  })
})
