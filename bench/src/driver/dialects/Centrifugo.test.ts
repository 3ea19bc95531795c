import { assert, describe, it } from "@effect/vitest"
import { isPayload, makePayloads, sequenceAt } from "../Payload.ts"
import { dialect } from "./Centrifugo.ts"

const hearing = () => {
  const heard: Array<string> = []
  const read = dialect.reader(
    {
      ready: () => heard.push("ready"),
      send: (message) => heard.push(`send ${message}`),
      publication: (bytes, at) => heard.push(`${isPayload(bytes, at)} ${sequenceAt(bytes, at)}`)
    },
    "live:bench"
  )
  const hear = (...lines: ReadonlyArray<string>) => {
    const bytes = Buffer.from(`before${lines.join("\n")}after`)
    read(bytes, 6, bytes.length - 5)
  }
  return { heard, hear }
}

const pushes = makePayloads(5, [1, 2]).map(
  (payload) => `{"push":{"channel":"live:bench","pub":{"data":${payload}}}}`
)

describe("the dialect of Centrifugo", () => {
  it("is subscribed when the second of its commands is answered", () => {
    const { hear, heard } = hearing()
    hear('{"id":1,"connect":{"client":"a","ping":25,"pong":true}}')
    assert.deepStrictEqual(heard, [])
    hear('{"id":2,"subscribe":{}}')
    assert.deepStrictEqual(heard, ["ready"])
  })

  it("reads several publications and a ping in one message", () => {
    const { hear, heard } = hearing()
    hear(pushes[0]!, "{}", pushes[1]!)
    assert.deepStrictEqual(heard, ["true 5", "send {}", "true 6"])
  })

  it("does not pass over a refusal", () => {
    const { hear } = hearing()
    assert.throws(() => hear('{"id":2,"error":{"code":102,"message":"unknown channel"}}'), /said/)
  })
})
