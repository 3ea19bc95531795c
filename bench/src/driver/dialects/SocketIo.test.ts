import { assert, describe, it } from "@effect/vitest"
import { payloadBytes } from "../Dialect.ts"
import { isPayload, makePayloads, sequenceAt } from "../Payload.ts"
import { dialect } from "./SocketIo.ts"

const hearing = (channel: string) => {
  const heard: Array<string> = []
  const read = dialect.reader(
    {
      ready: () => heard.push("ready"),
      send: (message) => heard.push(`send ${message}`),
      publication: (bytes, at) => heard.push(`${isPayload(bytes, at)} ${sequenceAt(bytes, at)}`)
    },
    channel
  )
  const hear = (text: string) => {
    const bytes = Buffer.from(`before${text}after`)
    read(bytes, 6, bytes.length - 5)
  }
  return { heard, hear }
}

const [payload] = makePayloads(41, [7])

describe("the dialect of Socket.IO", () => {
  it("asks to be connected, then to join, and is subscribed when that is acknowledged", () => {
    const { hear, heard } = hearing("live:bench")
    hear('0{"sid":"a","upgrades":[],"pingInterval":25000}')
    hear('40{"sid":"b"}')
    assert.deepStrictEqual(heard, ['send 420["join","live:bench"]'])
    hear("430[]")
    assert.deepStrictEqual(heard.slice(1), ["ready"])
  })

  it("is ready once it is connected where there is no channel", () => {
    const { hear, heard } = hearing("")
    hear('40{"sid":"b"}')
    assert.deepStrictEqual(heard, ["ready"])
  })

  it("finds the payload of an event", () => {
    const { hear, heard } = hearing("live:bench")
    assert.strictEqual(payload!.length, payloadBytes)
    hear(`42["message",${payload}]`)
    assert.deepStrictEqual(heard, ["true 41"])
  })

  it("answers a ping", () => {
    const { hear, heard } = hearing("live:bench")
    hear("2")
    assert.deepStrictEqual(heard, ["send 3"])
  })

  it("does not pass over a refusal", () => {
    const { hear } = hearing("live:bench")
    assert.throws(() => hear('44{"message":"no"}'), /said 44/)
  })
})
