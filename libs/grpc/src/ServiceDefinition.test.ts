import { assert, describe, it } from "@effect/vitest"
import { Accepted } from "@weir/proto/mesh/v1/router"
import { decodeMessage, encodeMessage } from "./ServiceDefinition.ts"

const numbers = [0, 1, 127, 128, 2 ** 31, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER, -1]

const accepted = (offset: number, epoch = "e") => ({
  position: { epoch, term: 1, offset },
  duplicate: false
})

describe("encodeMessage", () => {
  it.each(numbers)("writes the bytes of the generated code: %d", (offset) => {
    const message = accepted(offset)
    const bytes = encodeMessage(Accepted, message)
    assert.deepStrictEqual(new Uint8Array(bytes), Accepted.encode(message).finish())
    assert.deepStrictEqual(decodeMessage(Accepted, bytes), message)
  })

  it("gives each message memory of its own", () => {
    const first = encodeMessage(Accepted, accepted(1))
    const copy = Buffer.from(first)
    encodeMessage(Accepted, accepted(2, "another"))
    assert.deepStrictEqual(first, copy)
  })

  it("goes on after a message that could not be made", () => {
    assert.throws(() => encodeMessage(Accepted, accepted(1.5)))
    assert.deepStrictEqual(
      decodeMessage(Accepted, encodeMessage(Accepted, accepted(3))),
      accepted(3)
    )
  })
})
