/**
 * `docs/protocol.md` shows what is really said. `node test/protocol/ProtocolPage.ts` writes it.
 */
import { assert, describe, it } from "@effect/vitest"
import { type Part, parts, readPage, shownIn } from "./ProtocolPage.ts"

describe("docs/protocol.md", () => {
  it.each([
    ["a conversation in JSON", "json"],
    ["the same in protobuf", "proto"],
    ["the bytes of a record", "record"]
  ] as ReadonlyArray<[string, Part]>)("shows %s as it is", async (_, part) => {
    assert.strictEqual(shownIn(readPage(), part), await parts[part]())
  })
})
