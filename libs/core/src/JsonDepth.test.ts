import { assert, describe, it } from "@effect/vitest"
import { isTooDeep, maxJsonDepth } from "./JsonDepth.ts"

const isDeep = (json: string) => isTooDeep(new TextEncoder().encode(json))
const nested = (depth: number) => `${"[".repeat(depth)}1${"]".repeat(depth)}`

describe("the depth of JSON", () => {
  it("is bounded, whatever nests", () => {
    assert.isFalse(isDeep(nested(maxJsonDepth)))
    assert.isTrue(isDeep(nested(maxJsonDepth + 1)))
    assert.isTrue(isDeep(`${'{"a":['.repeat(17)}1${"]}".repeat(17)}`))
    assert.isTrue(isDeep("[".repeat(60_000)))
  })

  it("is of what is inside one another, and not of many beside each other or in a text", () => {
    assert.isFalse(isDeep(`[${Array(1_000).fill("[{}]").join()}]`))
    assert.isFalse(isDeep(JSON.stringify({ text: nested(100) })))
    assert.isFalse(isDeep(JSON.stringify(`\\"${"[".repeat(100)}`)))
  })
})
