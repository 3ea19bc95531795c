/**
 * Who comes to the wrong door, too often, too late, or wants too much.
 */
import { afterAll, afterEach, assert, beforeAll, describe, it } from "@effect/vitest"
import { handshake } from "./harness/handshake.ts"
import { connectJson, openJson } from "./harness/JsonClient.ts"
import { developmentToken, start, type WeirProcess } from "./harness/WeirProcess.ts"
import type { WireClient } from "./harness/WireClient.ts"
import { complaints, startWitness, type Witness } from "./harness/Witness.ts"
import { waitUntil } from "./harness/waitUntil.ts"

const handshakeBurst = 60

describe("a client", () => {
  let server: WeirProcess
  let witness: Witness
  const open: Array<WireClient> = []

  beforeAll(async () => {
    server = await start({
      program: "standalone",
      config: {
        origins: ["https://app.example.com"],
        limits: {
          subscriptions: 3,
          commands: { perSecond: 5, burst: 15 },
          handshakesPerAddress: { perSecond: 1, burst: handshakeBurst },
          connectTimeoutMs: 300
        }
      }
    })
    witness = await startWitness(server)
  })
  afterEach(async () => {
    for (const client of open.splice(0)) client.close()
    await witness.seesLife()
  })
  afterAll(async () => {
    const found = await complaints(server)
    await server.stop()
    assert.deepStrictEqual(found, [])
  })

  const connected = async (more: object = {}) => {
    const token = await developmentToken(server.http!, "ann")
    const client = await connectJson(server.http!, { token, ...more })
    open.push(client)
    return client
  }

  it.each([
    ["one", "graphql-ws"],
    ["an unknown version of ours", "weir.v9.json"],
    ["several", "soap, wamp"]
  ])("that asks for a subprotocol nobody knows, %s, is refused with 400", async (_, protocol) => {
    const { body, status } = await handshake(server.http!, { "sec-websocket-protocol": protocol })

    assert.deepStrictEqual([status, body.code], [400, "bad_request"])
    assert.include(body.message, "weir.v1.json")
  })

  it("that offers several subprotocols gets the first that is known", async () => {
    const { status } = await handshake(server.http!, {
      "sec-websocket-protocol": "soap, weir.v1.proto, weir.v1.json"
    })

    assert.strictEqual(status, 101)
  })

  it.each([
    ["https://evil.example", 403],
    ["https://app.example.com.evil.example", 403],
    ["http://app.example.com", 403],
    ["null", 403],
    ["https://app.example.com", 101]
  ])("from the origin %s is answered %i", async (origin, expected) => {
    const { body, status } = await handshake(server.http!, { origin })

    assert.strictEqual(status, expected)
    if (status === 403) assert.strictEqual(body.code, "permission_denied")
  })

  it("at another path is refused with 404", async () => {
    assert.strictEqual((await handshake(server.http!, {}, "/v2/ws")).status, 404)
  })

  it("that never says who it is is closed with 3502", async () => {
    const client = await openJson(server.http!)
    open.push(client)

    const { code, reason } = await client.closed()

    assert.deepStrictEqual([code, reason], [3502, "connect_timeout"])
  })

  it.each([[[]], [["2"]], [["1.0", "0"]]])(
    "that speaks only the versions %j is closed with 3508",
    async (versions) => {
      const client = await openJson(server.http!)
      open.push(client)

      client.send("connect", { token: await developmentToken(server.http!, "ann"), versions })

      assert.strictEqual((await client.closed()).code, 3508)
    }
  )

  it("over its limit of subscriptions is refused the next one, and takes it for another", async () => {
    const client = await connected({
      subscriptions: [1, 2, 3].map((n) => ({ channel: `chat:limit-${n}` }))
    })

    const { payload } = await client.subscribe("chat:limit-4")
    await client.request("unsubscribe", { channel: "chat:limit-1" })
    const instead = await client.subscribe("chat:limit-4")

    assert.strictEqual(payload.code, "too_many_requests")
    assert.include(payload.message, "3")
    assert.strictEqual(instead.type, "subscribed")
  })

  it("has the same limit for what it subscribes to while connecting", async () => {
    const client = await openJson(server.http!)
    open.push(client)

    const { payload } = await client.request("connect", {
      token: await developmentToken(server.http!, "ann"),
      versions: ["1"],
      subscriptions: [1, 2, 3, 4].map((n) => ({ channel: `chat:limit-${n}` }))
    })

    const codes = payload.subscriptions.map(
      ({ error }: { error?: { code: string } }) => error?.code
    )
    assert.deepStrictEqual(codes, [undefined, undefined, undefined, "too_many_requests"])
  })

  it("that asks too often is told when to come back", async () => {
    const client = await connected()

    client.sendAll(
      Array.from({ length: 30 }, (_, i) => ({ type: "ping", id: 100 + i, payload: {} }))
    )
    const { id, payload } = await client.take("error")

    assert.isAtLeast(id!, 100)
    assert.strictEqual(payload.code, "too_many_requests")
    assert.isAbove(payload.retryAfterMs, 0)
    await client.take("pong", 100)
    await waitUntil("the client may ask again", async () => {
      return (await client.request("ping", {})).type === "pong"
    })
  })

  it("that goes on after being refused is closed with 3013, and a time to come back", async () => {
    const client = await connected()

    for (let n = 0; n < 10; n++) {
      client.sendAll(
        Array.from({ length: 50 }, (_, i) => ({ type: "ping", id: n * 50 + i + 100, payload: {} }))
      )
    }
    const { code, reason } = await client.closed()

    assert.strictEqual(code, 3013)
    assert.match(reason, /^too_many_requests\b.*;after=\d+-\d+$/)
  })

  it("whose address opens too many connections is refused with 429 and Retry-After", async () => {
    const refused = await waitUntil("a handshake is refused", async () => {
      const answer = await handshake(server.http!)
      return answer.status !== 101 && answer
    })

    assert.deepStrictEqual([refused.status, refused.body.code], [429, "too_many_requests"])
    assert.match(refused.retryAfter!, /^[1-9]\d*$/)
  })
})
