import { assert, describe, it } from "@effect/vitest"
import { ControlReader, encodeBurst } from "./Control.ts"

describe("the control protocol", () => {
  const bursts = Buffer.concat([
    encodeBurst("live:bench", [Buffer.from("one"), Buffer.from("two")]),
    encodeBurst("chat:é", [Buffer.alloc(0)]),
    encodeBurst("live:bench", [])
  ])
  const expected = ["live:bench one,two", "chat:é ", "live:bench "]

  it.each([1, 7, bursts.length])("gives whole bursts, from reads of %i bytes", (size) => {
    const heard: Array<string> = []
    const reader = new ControlReader((channel, payloads) => heard.push(`${channel} ${payloads}`))
    for (let at = 0; at < bursts.length; at += size) {
      reader.push(Buffer.from(bursts.subarray(at, at + size)))
    }
    assert.deepStrictEqual(heard, expected)
  })
})
