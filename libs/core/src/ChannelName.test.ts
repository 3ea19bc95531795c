import { assert, describe, it } from "@effect/vitest"
import { checkChannelName, namespaceOf, shardCount, shardOf } from "./ChannelName.ts"

describe("a channel's name", () => {
  it.each(["chat:lobby", "a:b", "user_1-x:ünïcödé 🎉", "chat:a:b:c", `c:${"x".repeat(253)}`])(
    "may be %s",
    (channel) => assert.isUndefined(checkChannelName(channel))
  )

  it.each([
    ["", "must not be empty"],
    ["lobby", "must be `namespace:name`"],
    [":lobby", "must be `namespace:name`"],
    ["chat:", "must be `namespace:name`"],
    ["ch at:lobby", "must be `namespace:name`"],
    [`c:${"x".repeat(254)}`, "256 bytes, limit 255"],
    [`c:${"ü".repeat(127)}`, "256 bytes, limit 255"],
    ["chat:a\nb", "control characters"],
    ["chat:a\u0000", "control characters"],
    ["chat:a\u0085b", "control characters"],
    ["chat:e\u0301", "normal form C"],
    ["chat:\ud800", "well-formed Unicode"]
  ])("may not be %j", (channel, message) => {
    const refused = checkChannelName(channel)
    assert.strictEqual(refused?.code, "invalid_channel")
    assert.include(refused!.message, message)
  })

  it("names its namespace before the first colon", () => {
    assert.strictEqual(namespaceOf("chat:a:b"), "chat")
  })

  it("belongs to the same shard in every version", () => {
    assert.deepStrictEqual(
      ["chat:lobby", "chat:1", "chat:2", "user:ünï"].map(shardOf),
      [416, 942, 267, 508]
    )
  })

  it("belongs to a shard that its neighbours do not crowd", () => {
    const counts = new Array<number>(shardCount).fill(0)
    for (let n = 0; n < 102_400; n++) counts[shardOf(`chat:room-${n}`)]!++
    // 100 are expected; a Poisson variable strays this far once in a billion.
    assert.isBelow(Math.max(...counts), 165)
    assert.isAbove(Math.min(...counts), 45)
  })
})
