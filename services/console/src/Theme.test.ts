import { assert, describe, it } from "@effect/vitest"
import { nextTheme, themeOf, themes } from "./Theme.ts"

describe("Theme", () => {
  it("goes round all themes", () => {
    const round = themes.map(nextTheme)

    assert.sameMembers([...round], [...themes])
    assert.strictEqual(nextTheme(round.at(-1)!), round[0])
  })

  it("follows the system unless something else is stored", () => {
    assert.strictEqual(themeOf(null), "system")
    assert.strictEqual(themeOf("sepia"), "system")
    assert.strictEqual(themeOf("dark"), "dark")
  })
})
