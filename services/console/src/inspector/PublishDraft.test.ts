import { assert, describe, it } from "@effect/vitest"
import { draftOf } from "./PublishDraft.ts"

describe("PublishDraft", () => {
  it.each([
    ["json", `{"n":1}`, "", { data: { n: 1 }, options: {} }],
    ["json", "3", " m-1 ", { data: 3, options: { messageId: "m-1" } }],
    ["text", `{"n":1}`, "", { data: `{"n":1}`, options: { contentType: "text/plain" } }],
    ["text", "", "m-1", { data: "", options: { messageId: "m-1", contentType: "text/plain" } }]
  ] as const)("reads %s %j with the id %j", (kind, text, messageId, draft) => {
    assert.deepStrictEqual(draftOf(kind, text, messageId), draft)
  })

  it.each(["", "  ", "{", "hello"])("says what is wrong with %j as JSON", (text) => {
    const draft = draftOf("json", text, "")

    assert.match("problem" in draft ? draft.problem : "", /JSON/)
  })
})
