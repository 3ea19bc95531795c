import { assert, describe, it } from "@effect/vitest"
import { isPayload, makePayloads, sequenceAt } from "../Payload.ts"
import { dialect } from "./Nats.ts"

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
  return { heard, read }
}

const stream = Buffer.concat([
  Buffer.from('INFO {"server_id":"A"}\r\nPONG\r\n'),
  ...makePayloads(8, [1, 2, 3]).flatMap((payload) => [
    Buffer.from("MSG live:bench 1 128\r\n"),
    payload,
    Buffer.from("\r\nPING\r\n")
  ])
])

const expected = [
  "ready",
  ...["true 8", "send PONG\r\n", "true 9", "send PONG\r\n", "true 10", "send PONG\r\n"]
]

describe("the dialect of NATS", () => {
  it.each([1, 3, 100, 200, stream.length])("reads the same from messages of %i bytes", (size) => {
    const { heard, read } = hearing()
    // Each into the same memory, as a driver reads.
    const memory = Buffer.alloc(size)
    for (let at = 0; at < stream.length; at += size) {
      const length = stream.copy(memory, 0, at, at + size)
      read(memory, 0, length)
    }
    assert.deepStrictEqual(heard, expected)
  })

  it("subscribes, and asks for an answer that comes after it", () => {
    assert.match(
      String(dialect.hello!("live:bench", "")),
      /^CONNECT .*\r\nSUB live:bench 1\r\nPING\r\n$/
    )
  })

  it("does not pass over an error", () => {
    const { read } = hearing()
    const bytes = Buffer.from("-ERR 'Permissions Violation'\r\n")
    assert.throws(() => read(bytes, 0, bytes.length), /said -ERR 'Permissions Violation'/)
  })
})
