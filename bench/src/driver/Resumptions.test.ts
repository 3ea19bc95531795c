import { assert, describe, it, vi } from "@effect/vitest"
import { makePayloads } from "./Payload.ts"
import { loadResumptions, type Memory } from "./Resumptions.ts"

const client = async (name: "weir-json" | "socket.io" | "plain") => {
  const heard: Array<string> = []
  const sent: Array<string> = []
  let last = -1
  const memory: Memory = {
    positions: [],
    lastHeard: () => last,
    onResumed: (recovered) => heard.push(recovered ? "recovered" : "not recovered"),
    onGap: () => heard.push("gap"),
    onRetry: (why) => heard.push(`again: ${why}`)
  }
  const resume = (await loadResumptions(name))(memory)
  /** Its next connection; gives what hears a message. */
  const connect = () => {
    const dialect = resume()
    const sink = {
      ready: () => heard.push("ready"),
      publication: () => {
        last++
      },
      send: (message: string | Uint8Array) => sent.push(String(message))
    }
    const read = dialect.reader(sink, "chat:bench")
    if (dialect.hello !== undefined) sent.push(String(dialect.hello("chat:bench", "token")))
    return (text: string) => {
      const bytes = Buffer.from(text)
      read(bytes, 0, bytes.length)
    }
  }
  return { connect, heard, sent }
}

const payloads = makePayloads(0, [1, 2])

const position = (offset: number) => ({ epoch: "e", term: 7, offset })

const connected = (ticket: string, offset: number, recovered: boolean) =>
  JSON.stringify({
    type: "connected",
    id: 1,
    payload: {
      ticket,
      subscriptions: [
        { subscribed: { channel: "chat:bench", position: position(offset), recovered } }
      ]
    }
  })

const publication = (index: number) =>
  `{"type":"publication","ts":1,"payload":{"channel":"chat:bench","position":${JSON.stringify(position(index + 1))},"publishedAt":1,"data":${payloads[index]}}}`

const said = (text: string) => JSON.parse(text).payload

describe("a client of Weir that comes back", () => {
  it("shows its ticket, and the position of the last publication that it has heard", async () => {
    const { connect, heard, sent } = await client("weir-json")
    const hear = connect()
    hear(connected("t-1", 0, false))
    hear(publication(0))
    hear(publication(1))
    connect()(connected("t-2", 2, true))
    assert.deepStrictEqual(said(sent[0]!).subscriptions, [{ channel: "chat:bench" }])
    assert.strictEqual(said(sent[0]!).token, "token")
    assert.deepStrictEqual(said(sent[1]!).subscriptions, [
      { channel: "chat:bench", since: position(2) }
    ])
    assert.strictEqual(said(sent[1]!).ticket, "t-1")
    assert.notProperty(said(sent[1]!), "token")
    assert.deepStrictEqual(heard, ["ready", "recovered", "ready"])
  })

  it("shows where it had joined if it has heard nothing", async () => {
    const { connect, sent } = await client("weir-json")
    connect()(connected("t-1", 40, false))
    connect()
    assert.deepStrictEqual(said(sent[1]!).subscriptions[0].since, position(40))
  })

  it("notices that it has missed something", async () => {
    const { connect, heard } = await client("weir-json")
    connect()(connected("t-1", 0, false))
    const hear = connect()
    hear(connected("t-2", 9, false))
    hear('{"type":"gap","ts":1,"payload":{"channel":"chat:bench","reason":"dropped"}}')
    assert.deepStrictEqual(heard, ["ready", "not recovered", "ready", "gap"])
  })
})

describe("a client of Weir whose subscription is refused", () => {
  const refused = (code: string) =>
    JSON.stringify({
      type: "connected",
      id: 1,
      payload: { ticket: "t", subscriptions: [{ error: { code, message: "no", retryAfterMs: 0 } }] }
    })

  it("asks again on the same connection if it may", async () => {
    const { connect, heard, sent } = await client("weir-json")
    const hear = connect()
    hear(refused("unavailable"))
    await vi.waitFor(() => assert.lengthOf(sent, 2), { timeout: 5_000 })
    assert.deepStrictEqual(said(sent[1]!), { channel: "chat:bench" })
    hear(JSON.stringify({ type: "subscribed", id: 2, payload: { position: position(3) } }))
    assert.deepStrictEqual(heard, ["again: unavailable: no", "ready"])
  })

  it("ends if it may not", async () => {
    const { connect } = await client("weir-json")
    assert.throws(() => connect()(refused("permission_denied")), /permission_denied/)
  })
})

describe("a client of Socket.IO that comes back", () => {
  it("names its session and the last offset, and need not join again", async () => {
    const { connect, heard, sent } = await client("socket.io")
    const hear = connect()
    hear('40{"sid":"a","pid":"p"}')
    hear("430[]")
    hear(`42["message",${payloads[0]},"offset-1"]`)
    const again = connect()
    again(`42["message",${payloads[1]},"offset-2"]`)
    again('40{"sid":"b","pid":"p"}')
    assert.deepStrictEqual(sent, [
      ...["40", '420["join","chat:bench"]', '40{"pid":"p","offset":"offset-1"}']
    ])
    assert.deepStrictEqual(heard, ["ready", "recovered", "ready"])
  })

  it("joins again where its session is gone", async () => {
    const { connect, heard, sent } = await client("socket.io")
    connect()('40{"sid":"a","pid":"p"}')
    connect()('40{"sid":"b","pid":"q"}')
    assert.deepStrictEqual(heard, ["not recovered"])
    assert.strictEqual(sent.at(-1), '420["join","chat:bench"]')
  })
})

describe("a client of any other system", () => {
  it("connects anew", async () => {
    const { connect, sent } = await client("plain")
    connect()
    connect()
    assert.deepStrictEqual(sent, [])
  })
})
