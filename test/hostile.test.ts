import { readdirSync } from "node:fs"
import { connect, type Socket } from "node:net"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { PublishClient } from "./harness/PublishClient.ts"
import { join, RoomClient } from "./harness/RoomClient.ts"
import { developmentToken, start, type WeirProcess } from "./harness/WeirProcess.ts"
import { waitUntil } from "./harness/waitUntil.ts"

const range = (count: number) => Array.from({ length: count }, (_, index) => index + 1)

describe("Weir, against clients that mean harm", () => {
  let weir: WeirProcess
  let token: string

  beforeAll(async () => {
    weir = await start({ program: "standalone" })
    token = await developmentToken(weir.http!, "mallory")
  })

  afterAll(async () => {
    assert.strictEqual(await weir.stop(), 0)
    assert.notMatch(weir.log(), /\n {4}at /)
  })

  const opened = async () => {
    const client = new RoomClient(weir.http!)
    await waitUntil("the socket is open", () => client.isOpen)
    return client
  }

  it.each([
    ["in another script", "漢".repeat(64)],
    ["that is no Unicode", "\ud800".repeat(64)],
    ["of line breaks", "\r\n".repeat(60)],
    ["that is long", "x".repeat(5_000)]
  ])(
    "survives a first frame with a type %s, which the close reason would quote",
    async (_title, type) => {
      const client = await opened()
      client.send(type, {}, 1)
      const { code, reason } = await waitUntil("it is closed", () => client.closed)
      assert.strictEqual(code, 3501)
      assert.match(reason, /^bad_request/)
    }
  )

  it("makes what is no request cost as much as a request", async () => {
    const client = await opened()
    await client.connect(token)
    for (const id of range(500)) client.send("shout", {}, id + 10)
    const { code } = await waitUntil("it is closed", () => client.closed)

    assert.strictEqual(code, 3013)
    const answers = client.frames.map(({ payload }) => payload.code)
    const judged = answers.filter((answer) => answer === "unknown_type").length
    assert.isBelow(judged, 70, "the burst is 60, and some may have come back meanwhile")
    assert.include(answers, "too_many_requests")
  })

  it("gives pongs away only to its own pings", async () => {
    const client = await opened()
    await client.connect(token)
    for (const _ of range(500)) client.send("pong", {})
    const { code } = await waitUntil("it is closed", () => client.closed)
    assert.strictEqual(code, 3013)
  })

  it("holds no socket of a handshake that it has refused", async () => {
    const descriptors = () => readdirSync(`/proc/${weir.pid}/fd`).length
    const [host, port] = weir.http!.split(":")
    const before = descriptors()
    const sockets: Array<Socket> = range(200).map(() => {
      const socket = connect({ host: host!, port: Number(port), allowHalfOpen: true })
      socket.on("error", () => {})
      socket.write(
        "GET /nope HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
          "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
      )
      return socket
    })
    await waitUntil("all are refused", () => sockets.every(({ bytesRead }) => bytesRead > 0))
    await waitUntil("all are let go", () => descriptors() <= before + 10)
    for (const socket of sockets) socket.destroy()
  })
})

describe("large publications", () => {
  let weir: WeirProcess
  let token: string

  beforeAll(async () => {
    weir = await start({
      program: "standalone",
      config: {
        limits: { exempt: ["127.0.0.0/8"] },
        namespaces: { chat: { historySize: 1_000, historyBytes: 64 * 1024 * 1024 } }
      }
    })
    token = await developmentToken(weir.http!, "ann")
  })

  afterAll(async () => {
    await weir.stop()
  })

  it("are resumed, rewound to and read as history, however many there are", async () => {
    const channel = "chat:large"
    const publisher = new PublishClient(weir.grpc!)
    const { position } = await publisher.publish({ channel, data: Buffer.from("0") })
    const data = Buffer.from(JSON.stringify("x".repeat(65_000)))
    await publisher.publishAll(
      range(300).map(() => ({ channel, data })),
      20
    )

    const resumed = await join(weir.http!, token, { channel, since: position })
    assert.isTrue(resumed.subscribed.recovered)
    await waitUntil("all are there", () => resumed.client.offsets.at(-1) === 301)
    assert.deepStrictEqual(
      resumed.client.offsets,
      range(300).map((n) => n + 1)
    )

    const rewound = new RoomClient(weir.http!)
    await rewound.connect(token)
    const { payload } = await rewound.ask("subscribe", { channel, rewind: { last: 290 } })
    assert.strictEqual(payload.next, 12)
    await waitUntil("all are there", () => rewound.offsets.at(-1) === 301)
    assert.strictEqual(rewound.offsets.length, 290)

    const page = await rewound.ask("history", { channel, limit: 1_000 })
    assert.isAbove(page.payload.publications.length, 1)
    assert.strictEqual(page.payload.next, page.payload.publications.at(-1).position.offset)
    for (const client of [resumed.client, rewound]) client.close()
    publisher.close()
  })
})
