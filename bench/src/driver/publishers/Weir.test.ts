import { assert, describe, it } from "@effect/vitest"
import { PublishStreamRequest } from "@weir/proto/api/v1/publish"
import { headOf } from "./Weir.ts"

describe("what the driver writes before the data of a publication", () => {
  it.each([
    ["", 200],
    ["k7", 8_192]
  ])("is that of a request, with the key %o", (key, length) => {
    const data = Buffer.alloc(length, "x")
    const bytes = Buffer.concat([headOf("live:bench", key, length), data])

    const { publications } = PublishStreamRequest.decode(bytes)

    assert.deepStrictEqual(
      publications.map((it) => [it.channel, it.key, Buffer.from(it.data).toString()]),
      [["live:bench", key, data.toString()]]
    )
  })
})
