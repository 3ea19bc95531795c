import { assert, describe, it } from "@effect/vitest"
import { fetchedFrom, leftoversIn } from "./Leftovers.ts"

describe("leftoversIn", () => {
  const join = (...pieces: ReadonlyArray<string>) => pieces.join("")

  it.each([
    ["a registry's host", join("a\nhttps://registry.", "npmjs.org/ws"), 2],
    ["an absolute path", join(`cd "/wo`, `rk/main"`), 1],
    ["a home", join("file:///ho", "me/ann/weir"), 1],
    ["a tool's name", join("Written by Clau", "de"), 1],
    ["notes that are not here", join("see shared/", "research/peers.md"), 1]
  ])("finds %s", (_title, text, line) => {
    assert.deepStrictEqual(
      leftoversIn(text).map((it) => it.split(" ")[0]),
      [`${line}`]
    )
  })

  it("passes relative paths and plain words", () => {
    assert.isEmpty(leftoversIn("./home/a libs/work/b src/root/c, work, home, the registry"))
  })
})

describe("fetchedFrom", () => {
  it("finds addresses, not workspaces", () => {
    const lockfile = `"resolved": "libs/core",\n"resolved": "https://example.org/ws.tgz",`

    assert.lengthOf(fetchedFrom(lockfile), 1)
    assert.match(fetchedFrom(lockfile)[0]!, /^2 →/)
  })
})
