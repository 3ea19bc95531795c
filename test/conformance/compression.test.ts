/**
 * What Weir is with `compression` switched on: RFC 7692 byte for byte, the same frame for all who
 * agreed to it, and no memory for those who send what inflates without end.
 */
import { readFileSync, writeFileSync } from "node:fs"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { WebSocket as WsSocket } from "ws"
import { jsonCodec } from "../harness/JsonClient.ts"
import { protoCodec } from "../harness/ProtoClient.ts"
import { PublishClient } from "../harness/PublishClient.ts"
import { join, type RoomClient } from "../harness/RoomClient.ts"
import { developmentToken, start, type WeirProcess } from "../harness/WeirProcess.ts"
import { WireClient } from "../harness/WireClient.ts"
import { complaints } from "../harness/Witness.ts"
import { waitUntil } from "../harness/waitUntil.ts"
import { deflated, deflateHandshakes } from "./families/Deflate.ts"
import { close, deflate, opcodes, text } from "./RawFrame.ts"
import type { RawSocket, ServerFrame } from "./RawSocket.ts"
import { expected, listenTo, run } from "./Run.ts"
import { expectedOf, runHandshake } from "./RunHandshake.ts"
import { titleOf } from "./Table.ts"

const titled = <A extends Parameters<typeof titleOf>[0]>(rows: ReadonlyArray<A>) =>
  rows.map((row) => [titleOf(row), row] as const)

const offers = "permessage-deflate"

const mebibyte = 1024 * 1024

describe("the WebSocket at /v1/ws, with compression", () => {
  let server: WeirProcess
  let token: string
  let healthy: RoomClient
  let publisher: PublishClient
  let published = 0
  let connections = 0

  beforeAll(async () => {
    server = await start({ program: "standalone", config: { compression: true } })
    token = await developmentToken(server.http!, "mallory")
    publisher = new PublishClient(server.grpc!)
    healthy = (await join(server.http!, token, { channel: "chat:healthy" })).client
  })
  afterAll(async () => {
    healthy.close()
    publisher.close()
    assert.strictEqual(await server.stop(), 0)
  })

  const against = () => ({
    http: server.http!,
    token,
    localAddress: `127.0.0.${10 + (connections++ % 64)}`
  })

  const publish = async () => {
    const data = Buffer.from(String(++published))
    await publisher.publish({ channel: "chat:healthy", data })
  }

  it.concurrent.each(titled(deflateHandshakes))("%s", async (_title, row) => {
    const { http, localAddress } = against()
    assert.deepStrictEqual(await runHandshake(row, http, localAddress), expectedOf(row))
  })

  it.each(titled(deflated.cases))("%s", async (_title, row) => {
    const [outcome] = await Promise.all([run(row, against()), publish()])

    assert.deepStrictEqual(outcome, expected(row))
  })

  const publications = (socket: RawSocket): ReadonlyArray<ServerFrame> =>
    socket.frames.slice(1).filter(({ opcode }) => opcode < opcodes.close)

  it.each(["json", "proto"] as const)(
    "compresses what is published from 1 KiB on for who agreed to it, and nobody else: %s",
    async (format) => {
      const channel = `chat:sizes-${format}`
      const agreed = await listenTo(channel, against(), { format, offers })
      const other = await listenTo(channel, against(), { format })
      const sockets = [agreed, other]
      for (const length of [10, 4_000]) {
        const data = Buffer.from(JSON.stringify("x".repeat(length)))
        await publisher.publish({ channel, data })
      }
      for (const socket of sockets) {
        await socket.until("has both", () => publications(socket).length === 2)
        await socket.write(close(1000))
        await socket.until("ends", () => socket.hasEnded)
      }

      const isCompressed = sockets.map((it) => publications(it).map((frame) => frame.isCompressed))
      assert.deepStrictEqual(isCompressed, [
        [false, true],
        [false, false]
      ])
      const payloads = sockets.map((it) => publications(it).map(({ payload }) => payload))
      assert.deepStrictEqual(payloads[0], payloads[1])
      assert.deepStrictEqual(agreed.faults, [])
    }
  )

  it.each([
    ["ws, in JSON", jsonCodec, WsSocket],
    ["ws, in protobuf", protoCodec, WsSocket],
    ["Node's own, in JSON", jsonCodec, undefined]
  ] as const)(
    "is understood by clients that have it anyway, and understands them: %s",
    async (what, codec, Socket) => {
      const opened: Array<{ readonly extensions: string }> = []
      const open = (http: string) => {
        const url = `ws://${http}/v1/ws`
        const socket =
          Socket === undefined
            ? new WebSocket(url, codec.protocol!)
            : new Socket(url, codec.protocol!, { perMessageDeflate: { threshold: 0 } })
        opened.push(socket)
        return socket
      }
      const channel = `chat:${what.replace(/\W/g, "")}`
      const connect = { token, subscriptions: [{ channel }] }
      const client = await WireClient.connect(
        server.http!,
        { ...codec, open } as typeof codec,
        connect
      )
      const said = ["short", "long ".repeat(800)]
      for (const value of said) await client.publish(channel, value)
      await client.settle()

      assert.match(opened[0]!.extensions, /^permessage-deflate/)
      assert.deepStrictEqual(client.takeValues(channel), said)
      client.close()
    }
  )

  /** Of memory, in MiB: what it has now, or the most it ever had since it was forgotten. */
  const memory = (what: "VmRSS" | "VmHWM") => {
    const status = readFileSync(`/proc/${server.pid}/status`, "utf8")
    return Number(new RegExp(`${what}:\\s+(\\d+)`).exec(status)![1]) / 1024
  }
  const forgetMost = () => writeFileSync(`/proc/${server.pid}/clear_refs`, "5")

  it("ends what inflates to 64 MiB with 1009, 50 at once, before it has inflated much", async () => {
    const bomb = deflate(Buffer.alloc(64 * mebibyte, " "), { level: 9 })
    const attack = async () => {
      const socket = await listenTo("chat:bomb", against(), { offers })
      await socket.write(text(bomb, { rsv: 4 }))
      await socket.until("ends", () => socket.hasEnded)
      const { payload } = socket.closeFrame!
      return payload.readUInt16BE(0)
    }
    const attacks = (count: number) => Promise.all(Array.from({ length: count }, attack))
    assert.isBelow(bomb.length, 66_000)
    assert.deepStrictEqual(await attacks(50), Array(50).fill(1009))
    const before = memory("VmRSS")
    forgetMost()

    const [codes] = await Promise.all([attacks(50), ...Array.from({ length: 20 }, publish)])

    assert.deepStrictEqual(codes, Array(50).fill(1009))
    // Measured: 18, since what each had inflated by then, up to 256 KiB, waits for the garbage
    // collector. One of them alone would be 64.
    assert.isBelow(memory("VmHWM") - before, 32)
  })

  it("has brought a healthy client all that was published meanwhile, once and in order", async () => {
    await waitUntil("it has all", () => healthy.offsets.length >= published)

    assert.deepStrictEqual(
      healthy.offsets,
      Array.from({ length: published }, (_, index) => index + 1)
    )
  })

  it("is alive after all that, and its log has no error", async () => {
    assert.deepStrictEqual(await complaints(server), [])
    assert.notMatch(server.log(), /ERROR|FATAL/)
  })
})
