/**
 * What is known to have brought down those that Weir is built on, and what costs an attacker
 * little: each is refused, while a healthy client loses nothing.
 */
import { readFileSync } from "node:fs"
import { connect as connectHttp2 } from "node:http2"
import { connect, type Socket } from "node:net"
import { gzipSync } from "node:zlib"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { bearer, bytes, GrpcReflectionClient } from "./harness/GrpcReflectionClient.ts"
import { connectJson, openJson } from "./harness/JsonClient.ts"
import { developmentToken, metric, start, type WeirProcess } from "./harness/WeirProcess.ts"
import type { WireClient } from "./harness/WireClient.ts"
import { waitUntil } from "./harness/waitUntil.ts"

const publishPath = "/weir.api.v1.PublishService/Publish"
const channel = "chat:attacked"

const range = (count: number) => Array.from({ length: count }, (_, index) => index)

const upgrade = (...headers: ReadonlyArray<string>): string =>
  [
    "GET /v1/ws HTTP/1.1",
    "Host: weir",
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
    ...headers,
    "",
    ""
  ].join("\r\n")

describe("Weir under attack", () => {
  let server: WeirProcess
  let healthy: WireClient
  let api: GrpcReflectionClient
  const sockets: Array<Socket> = []
  let said = 0
  let beats: NodeJS.Timeout

  beforeAll(async () => {
    server = await start({
      program: "standalone",
      config: {
        limits: { heartbeatMs: 1_000, handshakesPerAddress: { perSecond: 5_000, burst: 6_000 } }
      }
    })
    const token = await developmentToken(server.http!, "ann")
    healthy = await connectJson(server.http!, { token })
    await healthy.subscribe(channel)
    // Its heartbeats go on, whatever else happens.
    beats = setInterval(() => {
      if (healthy.inbox.some(({ type }) => type === "ping")) {
        healthy.inbox.splice(
          0,
          healthy.inbox.length,
          ...healthy.inbox.filter(({ type }) => type !== "ping")
        )
        healthy.send("pong", {})
      }
    }, 200)
    api = await GrpcReflectionClient.connect(server.grpc!)
  })
  afterAll(async () => {
    clearInterval(beats)
    for (const it of sockets) it.destroy()
    healthy?.close()
    api?.close()
    assert.strictEqual(await server.stop(), 0)
    assert.notMatch(server.log(), /\n {4}at /)
  })

  const open = (address: string): Socket => {
    const [host, port] = address.split(":")
    const socket = connect({ host: host!, port: Number(port) })
    sockets.push(socket)
    return socket.on("error", () => {})
  }

  /** What the server answers until it closes. */
  const answerTo = (address: string, ...chunks: ReadonlyArray<string | Uint8Array>) =>
    new Promise<string>((resolve) => {
      const socket = open(address)
      let answer = ""
      socket.on("data", (chunk) => {
        answer += chunk.toString("latin1")
      })
      socket.on("close", () => resolve(answer))
      for (const chunk of chunks) socket.write(chunk)
    })

  /** It publishes and hears itself, and has never been taken for dead. */
  const isUnharmed = async () => {
    const value = ++said
    assert.strictEqual((await healthy.publish(channel, value)).type, "published")
    await healthy.takeWhere(
      `publication ${value}`,
      ({ payload, type }) => type === "publication" && payload.data === value
    )
    await healthy.settle()
    assert.isTrue(healthy.isOpen)
  }

  it("refuses 32 KB of blanks in the header of protocols (CVE-2021-32640)", async () => {
    const header = `Sec-WebSocket-Protocol: b${" ".repeat(32_000)}x`
    assert.match(await answerTo(server.http!, upgrade(header)), /^HTTP\/1\.1 431 /)
    await isUnharmed()
  })

  it("survives 2,000 headers beside an upgrade (CVE-2024-37890)", async () => {
    const short = range(2_000).map((index) => `${index.toString(36)}:`)
    assert.match(await answerTo(server.http!, upgrade(...short)), /^HTTP\/1\.1 (?:4\d\d|101) /)
    await isUnharmed()
  })

  it("ends who sends a message in fragments without end (CVE-2026-48779, CVE-2026-62389)", async () => {
    const first = Uint8Array.of(0x01, 0x80, 0, 0, 0, 0)
    const next = Uint8Array.of(0x00, 0x81, 0, 0, 0, 0, 0x20)
    const socket = open(server.http!)
    const closed = new Promise((resolve) => socket.once("close", resolve))
    socket.write(upgrade())
    socket.write(first)
    socket.write(Buffer.concat(range(5_000).map(() => next)))
    socket.resume()
    await closed
    await isUnharmed()
  })

  it("refuses a message of 100 MiB over gRPC, and one that is small until it is inflated (CVE-2024-37168)", async () => {
    const before = await metric(server.ops, "process_resident_memory_bytes")
    const large = await api.callRaw(publishPath, Buffer.alloc(100 * 1024 * 1024), "dev-key")
    assert.strictEqual(large.code, 8)
    const bomb = await new Promise<number>((resolve) => {
      const metadata = bearer("dev-key")
      metadata.set("grpc-encoding", "gzip")
      // What a compressed message of 64 MiB is: one flag, a length, and little else.
      const session = connectHttp2(`http://${server.grpc}`)
      session.on("error", () => resolve(-1))
      const call = session.request({
        ":method": "POST",
        ":path": publishPath,
        "content-type": "application/grpc",
        te: "trailers",
        authorization: "Bearer dev-key",
        "grpc-encoding": "gzip"
      })
      const body = gzipSync(Buffer.alloc(64 * 1024 * 1024))
      const head = Buffer.alloc(5)
      head[0] = 1
      head.writeUInt32BE(body.length, 1)
      let status = -1
      const note = (headers: Record<string, unknown>) => {
        status = Number(headers["grpc-status"] ?? status)
      }
      call
        .on("response", note)
        .on("trailers", note)
        .on("error", () => {})
      call.on("close", () => {
        session.destroy()
        resolve(status)
      })
      call.resume()
      call.end(Buffer.concat([head, body]))
    })
    assert.notStrictEqual(bomb, 0)
    await isUnharmed()
    const after = await metric(server.ops, "process_resident_memory_bytes")
    if (before > 0) assert.isBelow(after - before, 200 * 1024 * 1024)
  })

  it("survives what is no HTTP/2, and messages whose flags lie (CVE-2026-48068, CVE-2026-48069)", async () => {
    const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
    const settings = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0])
    const headersOfNothing = Buffer.from([0, 0, 4, 1, 4, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff])
    const windowOfNothing = Buffer.from([0, 0, 4, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0])
    const dataOfNobody = Buffer.from([0, 0, 5, 0, 1, 0, 0, 0, 9, 1, 0xff, 0xff, 0xff, 0xff])
    for (const wrong of [headersOfNothing, windowOfNothing, dataOfNobody]) {
      await answerTo(server.grpc!, Buffer.concat([preface, settings, wrong]))
    }
    const flagged = await new Promise<number>((resolve) => {
      const session = connectHttp2(`http://${server.grpc}`)
      const call = session.request({
        ":method": "POST",
        ":path": publishPath,
        "content-type": "application/grpc",
        te: "trailers"
      })
      let status = -1
      const note = (headers: Record<string, unknown>) => {
        status = Number(headers["grpc-status"] ?? status)
      }
      call
        .on("response", note)
        .on("trailers", note)
        .on("error", () => {})
      call.on("close", () => {
        session.destroy()
        resolve(status)
      })
      call.resume()
      call.end(Buffer.from([7, 0, 0, 0, 3, 1, 2, 3]))
    })
    assert.notStrictEqual(flagged, 0)
    const { code } = await api.call(
      "weir.api.v1.PublishService",
      "Publish",
      { channel, data: bytes(Buffer.from("0")) },
      "dev-key"
    )
    assert.strictEqual(code, 0)
    await healthy.takeWhere(
      "it",
      ({ payload, type }) => type === "publication" && payload.data === 0
    )
    await isUnharmed()
  })

  it("refuses JSON and protobuf that are nested 10,000 deep, and keys that every object has", async () => {
    const client = await connectJson(server.http!, {
      token: await developmentToken(server.http!, "eve")
    })
    const deep = `${"[".repeat(10_000)}${"]".repeat(10_000)}`
    client.sendRaw(`{"type":"publish","id":7,"payload":{"channel":"${channel}","data":${deep}}}`)
    const { payload } = await client.take("error", 7)
    assert.deepInclude(payload, { code: "bad_request", message: "data: nested deeper than 32" })
    client.sendRaw(
      `{"type":"ping","id":8,"payload":${'{"a":'.repeat(10_000)}1${"}".repeat(10_000)}}`
    )
    await client.takeWhere("an answer", ({ type }) => type === "pong" || type === "error")
    client.sendRaw(
      '{"type":"ping","id":9,"payload":{"__proto__":{"isAdmin":true},"constructor":{"prototype":{"x":1}}}}'
    )
    await client.takeWhere("an answer", ({ type }) => type === "pong" || type === "error")
    client.close()

    // A field of messages within messages, as deep as its length can say.
    let nested = Buffer.alloc(0)
    for (let depth = 0; depth < 10_000 && nested.length < 60_000; depth++) {
      const length = Buffer.of(
        (nested.length & 0x7f) | 0x80,
        ((nested.length >> 7) & 0x7f) | 0x80,
        nested.length >> 14
      )
      nested = Buffer.concat([Buffer.of(0x0a), length, nested])
    }
    const { code } = await api.callRaw(publishPath, nested, "dev-key")
    assert.notStrictEqual(code, 0)
    await isUnharmed()
  })

  it("lets go of those who never finish a request, and of those who never say who they are", async () => {
    const slow = range(300).map(() => {
      const socket = open(server.http!)
      socket.write("GET /v1/ws HTTP/1.1\r\nHost: weir\r\nX-")
      return socket.resume()
    })
    const mute = await Promise.all(range(100).map(() => openJson(server.http!)))
    await isUnharmed()
    const codes = await Promise.all(mute.map(async (it) => (await it.closed()).code))
    assert.deepStrictEqual([...new Set(codes)], [3502])
    await waitUntil("all are let go", () => slow.every(({ destroyed }) => destroyed), 60_000)
    await isUnharmed()
  }, 120_000)

  it("refuses pages from elsewhere at every door that a browser can knock at", async () => {
    for (const origin of ["https://evil.example", "null", `http://${server.http}.evil.example`]) {
      const answer = await answerTo(server.http!, upgrade(`Origin: ${origin}`))
      assert.match(answer, /^HTTP\/1\.1 403 /)
      const session = await fetch(`http://${server.http}/v1/sessions`, {
        method: "POST",
        headers: { origin },
        body: "{}"
      })
      assert.strictEqual(session.status, 403)
      assert.isNull(session.headers.get("access-control-allow-origin"))
    }
    await isUnharmed()
  })
})

describe("what Weir is built on", () => {
  const lock = JSON.parse(readFileSync(new URL("../package-lock.json", import.meta.url), "utf8"))

  const versionsOf = (name: string): ReadonlyArray<string> =>
    Object.entries<{ readonly version: string }>(lock.packages)
      .filter(([path]) => path.endsWith(`node_modules/${name}`))
      .map(([, { version }]) => version)

  const isAtLeast = (version: string, least: string): boolean => {
    const [one, other] = [version, least].map((it) => it.split(".").map(Number))
    const at = one!.findIndex((part, index) => part !== other![index])
    return at < 0 || one![at]! > other![at]!
  }

  it.each([
    ["ws", "8.21.1", "tiny and unfinished fragments"],
    ["@grpc/grpc-js", "1.14.6", "malformed streams, unverified certificates, texts of errors"],
    ["protobufjs", "7.6.5", "polluted prototypes and recursion"],
    ["jose", "6.0.0", "decompression bombs"]
  ])("has %s from %s on: %s", (name, least) => {
    const versions = versionsOf(name)
    assert.isNotEmpty(versions)
    for (const version of versions) assert.isTrue(isAtLeast(version, least), version)
  })
})
