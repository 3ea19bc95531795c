/**
 * What Weir is as a WebSocket server, byte for byte: RFC 6455 and our own protocol over it,
 * against the real endpoint with the limits that it is shipped with.
 */
import { readFileSync } from "node:fs"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { markdownOf, rowsUnder } from "../architecture/ProtocolTables.ts"
import { PublishClient } from "../harness/PublishClient.ts"
import { join, type RoomClient } from "../harness/RoomClient.ts"
import { developmentToken, start, type WeirProcess } from "../harness/WeirProcess.ts"
import { complaints } from "../harness/Witness.ts"
import { waitUntil } from "../harness/waitUntil.ts"
import type { Case } from "./Case.ts"
import { handshakes } from "./families/Handshakes.ts"
import { close } from "./RawFrame.ts"
import { expected, listenTo, run } from "./Run.ts"
import { expectedOf, runHandshake } from "./RunHandshake.ts"
import { counts, families, titleOf } from "./Table.ts"

const titled = <A extends Parameters<typeof titleOf>[0]>(rows: ReadonlyArray<A>) =>
  rows.map((row) => [titleOf(row), row] as const)

const isEcho = ({ from }: Case): boolean => from === "echo"

/** Handshakes are limited by address, and nobody is exempt here. */
const addresses = 64

describe("the WebSocket at /v1/ws", () => {
  let server: WeirProcess
  let token: string
  let healthy: RoomClient
  let publisher: PublishClient
  let published = 0
  let connections = 0

  beforeAll(async () => {
    server = await start({ program: "standalone" })
    token = await developmentToken(server.http!, "mallory")
    publisher = new PublishClient(server.grpc!)
    const joined = await join(server.http!, token, { channel: "chat:healthy" })
    healthy = joined.client
  })
  afterAll(async () => {
    healthy.close()
    publisher.close()
    assert.strictEqual(await server.stop(), 0)
  })

  const nextAddress = () => `127.0.0.${10 + (connections++ % addresses)}`

  const publish = async () => {
    const data = Buffer.from(String(++published))
    await publisher.publish({ channel: "chat:healthy", data })
  }

  describe("in handshakes", () => {
    it.concurrent.each(titled(handshakes))("%s", async (_title, row) => {
      const handshake = runHandshake(row, server.http!, nextAddress())
      const [outcome] = await Promise.all([handshake, publish()])

      assert.deepStrictEqual(outcome, expectedOf(row))
    })
  })

  describe.each(families)("in $name", ({ cases }) => {
    const check = async (_title: string, row: Case) => {
      const against = { http: server.http!, token, localAddress: nextAddress() }
      const [outcome] = await Promise.all([run(row, against), publish()])

      assert.deepStrictEqual(outcome, expected(row))
    }
    const [echoes, others] = [cases.filter(isEcho), cases.filter((row) => !isEcho(row))]
    it.concurrent.each(titled(others))("%s", check)
    // One after the other: all of them hear the same channel.
    it.each(titled(echoes))("%s", check)
  })

  it("sends nothing behind its close to a client that had much to read (§5.5.1)", async () => {
    const channel = "chat:much"
    const slow = await listenTo(channel, { http: server.http!, token, localAddress: nextAddress() })
    slow.pause()
    const data = Buffer.from(JSON.stringify("x".repeat(60_000)))
    await publisher.publishAll(Array(120).fill({ channel, data }), 20)

    await slow.write(close(1000))
    // By then the close has been read, too.
    for (let n = 0; n < 3; n++) await healthy.ask("ping", {})
    slow.resume()
    await slow.until("ends", () => slow.hasEnded)

    assert.isDefined(slow.closeFrame)
    assert.isAbove(slow.frames.length, 10, "more than fits into the sockets")
    assert.deepStrictEqual(slow.faults, [])
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

describe("docs/protocol.md", () => {
  it("tells how many cases there are, and where RFC 6455 leaves a choice", () => {
    const page = readFileSync(new URL("../../docs/protocol.md", import.meta.url), "utf8")
    const isTold = rowsUnder(counts.heading, page).join("\n") === counts.rows.join("\n")
    assert.isTrue(isTold, `docs/protocol.md should say\n\n${markdownOf(counts)}`)
  })
})
