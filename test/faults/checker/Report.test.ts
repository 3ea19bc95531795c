import { assert, describe, it } from "@effect/vitest"
import { check } from "./Check.ts"
import { reportOf } from "./Report.ts"
import { at, type Story, three } from "./Story.fixture.ts"

const report = (story: Story) => reportOf(check(story.events, { class: "A" }))

describe("A report", () => {
  it("says that all is well, and how much that was", () => {
    const text = report(three().subscribed("s1", at(3)).log())
    assert.match(text, /^no violation\n/)
    assert.include(text, "published 3: acked 3, failed 0, unknown 0")
  })

  it("begins with the shortest explanation, and proves each with events", () => {
    const story = three().exit("r1", false).log({ 2: undefined, 3: undefined })
    const lines = report(story).split("\n")
    assert.strictEqual(lines[0], "violations: I16 1, I7 2")
    assert.strictEqual(lines[2], "  r1 ended, and no fault did it")
    assert.include(lines[3], '"type":"exit"')
  })
})
