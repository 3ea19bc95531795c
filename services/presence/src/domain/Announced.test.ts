import { assert, describe, it } from "@effect/vitest"
import { Announced } from "./Announced.ts"

describe("Announced", () => {
  it("names what was not said again after a stream", () => {
    const announced = new Announced()
    announced.add("chat:lobby", "stayed away", 1)
    announced.add("chat:lobby", "came back", 1)
    announced.add("chat:kitchen", "came back", 1)
    announced.add("chat:lobby", "came back", 2)
    announced.add("chat:kitchen", "came back", 2)

    assert.deepStrictEqual(
      [...announced.upTo(1)],
      [{ channel: "chat:lobby", memberId: "stayed away" }]
    )
    assert.strictEqual([...announced.upTo(2)].length, 3)
  })

  it("can be emptied while it is read", () => {
    const announced = new Announced()
    for (let i = 0; i < 100; i++) announced.add(`chat:${i % 7}`, String(i), 1)

    for (const { channel, memberId } of announced.upTo(1)) announced.remove(channel, memberId)

    assert.isTrue(announced.isEmpty)
  })
})
