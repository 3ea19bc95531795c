import { assert, describe, it } from "@effect/vitest"
import { PublishStreamRequest } from "@weir/proto/api/v1/publish"
import { makePayloads } from "./Payload.ts"
import { encodeBatch, encodeRequest } from "./PublishApi.ts"

describe("encodeBatch", () => {
  it("makes the message of a stream out of requests that are encoded already", () => {
    // Long names make lengths of more than one byte.
    const channels = ["live:a", `live:${"b".repeat(200)}`]
    const payloads = makePayloads(7, [1_000, 2_000])
    const requests = channels.map((channel, index) => encodeRequest(channel, payloads[index]!))

    const { publications } = PublishStreamRequest.decode(encodeBatch(requests))

    assert.deepStrictEqual(
      publications.map(({ channel, data }) => [channel, Buffer.from(data).toString()]),
      channels.map((channel, index) => [channel, payloads[index]!.toString()])
    )
  })
})
