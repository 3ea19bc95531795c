import { once } from "node:events"
import { type AddressInfo, connect, createServer, type Socket } from "node:net"
import { afterEach, assert, describe, it } from "@effect/vitest"
import { waitUntil } from "../harness/waitUntil.ts"
import { type FaultProxy, start } from "./FaultProxy.ts"

/** One end of a connection, and what came to it. */
interface End {
  readonly socket: Socket
  readonly text: () => string
  readonly chunks: ReadonlyArray<Buffer>
  /** `ended` by the other side in peace, or the code of what broke it. */
  readonly fate: () => string | undefined
}

const endOf = (socket: Socket): End => {
  const chunks: Array<Buffer> = []
  let fate: string | undefined
  socket.on("data", (bytes: Buffer) => chunks.push(bytes))
  socket.on("end", () => {
    fate ??= "ended"
  })
  socket.on("error", ({ code }: NodeJS.ErrnoException) => {
    fate ??= code
  })
  return { socket, chunks, text: () => Buffer.concat(chunks).toString(), fate: () => fate }
}

const cleanups: Array<() => unknown> = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

const target = async (onSocket?: (socket: Socket) => void) => {
  const ends: Array<End> = []
  const sockets: Array<Socket> = []
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.push(socket)
    if (onSocket !== undefined) onSocket(socket)
    else ends.push(endOf(socket))
  }).listen(0, "127.0.0.1")
  await once(server, "listening")
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, ends }
}

const proxyTo = async (address: string): Promise<FaultProxy> => {
  const proxy = await start(address)
  cleanups.push(proxy.close)
  return proxy
}

const connectTo = async ({ address }: FaultProxy): Promise<End> => {
  const socket = connect({ port: Number(address.split(":")[1]), allowHalfOpen: true })
  cleanups.push(() => socket.destroy())
  const end = endOf(socket)
  // A refusal may come before the connection is known to be there.
  await once(socket, "connect").catch(() => {})
  return end
}

/** Both ends of one connection through a proxy. */
const joined = async () => {
  const { address, ends } = await target()
  const proxy = await proxyTo(address)
  const client = await connectTo(proxy)
  const server = await waitUntil("the target is connected", () => ends[0])
  return { proxy, client, server, ends }
}

const comes = (end: End, text: string) => waitUntil(`${text} comes`, () => end.text() === text)

describe("A fault proxy", () => {
  it("passes bytes both ways, and each side's end", async () => {
    const { client, server } = await joined()
    client.socket.end("from the client")
    await waitUntil("the client's end comes", () => server.fate() === "ended")
    server.socket.end("from the server")
    await waitUntil("the server's end comes", () => client.fate() === "ended")
    assert.strictEqual(server.text(), "from the client")
    assert.strictEqual(client.text(), "from the server")
  })

  it("delays, and keeps the order whatever the jitter", async () => {
    const { client, proxy, server } = await joined()
    proxy.set({ delayMs: 30, jitterMs: 30 })
    const before = performance.now()
    let sent = ""
    for (let index = 0; index < 20; index++) {
      sent += `${index},`
      client.socket.write(`${index},`)
      await new Promise(setImmediate)
    }
    await comes(server, sent)
    // A timer may be early by a millisecond.
    assert.isAtLeast(performance.now() - before, 29)
  })

  it("passes at once what it held back, once healed", async () => {
    const { client, proxy, server } = await joined()
    proxy.set({ bytesPerSecond: 0.001 })
    client.socket.write("late")
    await comes(server, "l")
    proxy.heal()
    await comes(server, "late")
  })

  it("slows to a rate", async () => {
    const { client, proxy, server } = await joined()
    proxy.set({ bytesPerSecond: 10_000 })
    const before = performance.now()
    client.socket.write("x".repeat(2_000))
    await comes(server, "x".repeat(2_000))
    // All but the first step of 500 bytes has to wait.
    assert.isAtLeast(performance.now() - before, 140)
  })

  it("slices what it passes", async () => {
    const { client, proxy, server } = await joined()
    proxy.set({ sliceBytes: 1 })
    client.socket.write("sliced".repeat(20))
    await comes(server, "sliced".repeat(20))
    assert.isAbove(server.chunks.length, 1)
  })

  it("swallows what goes to the client, and the connection stays", async () => {
    const { client, proxy, server } = await joined()
    proxy.set({ dropToClient: true })
    server.socket.write("lost")
    client.socket.write("ping")
    await comes(server, "ping")
    await waitUntil("the lost bytes have left", () => server.socket.writableLength === 0)
    // Behind them on the same socket: what it passes now, it read after them.
    server.socket.write("x".repeat(1_000_000))
    await waitUntil("the target could send all", () => server.socket.writableLength === 0)
    assert.strictEqual(client.text(), "")
    assert.isUndefined(client.fate())
    assert.isUndefined(server.fate())
  })

  it("swallows what goes to the target, its end too, and passes what comes back", async () => {
    const { client, proxy, server } = await joined()
    proxy.set({ dropToServer: true })
    client.socket.end("lost")
    server.socket.write("pong")
    await comes(client, "pong")
    server.socket.write(", again")
    await comes(client, "pong, again")
    proxy.heal()
    server.socket.write(", healed")
    await comes(client, "pong, again, healed")
    assert.strictEqual(server.text(), "")
    assert.isUndefined(server.fate())
  })

  it("goes on after what it swallowed, once healed", async () => {
    const { client, proxy, server } = await joined()
    proxy.set({ dropToServer: true, delayMs: 1 })
    client.socket.write("lost")
    server.socket.write("x")
    await comes(client, "x")
    proxy.heal()
    client.socket.write("found")
    await waitUntil("bytes pass again", () => server.text().endsWith("found"))
  })

  it("resets all connections", async () => {
    const { client, proxy, server } = await joined()
    proxy.cut()
    await waitUntil("the client is reset", () => client.fate() === "ECONNRESET")
    await waitUntil("the target is reset", () => server.fate() === "ECONNRESET")
    client.socket.destroy()
    const again = await connectTo(proxy)
    again.socket.write("again")
    assert.isUndefined(again.fate())
  })

  it("passes a reset on", async () => {
    const { client, server } = await joined()
    server.socket.resetAndDestroy()
    await waitUntil("the client is reset", () => client.fate() === "ECONNRESET")
  })

  it("refuses new connections until it is healed", async () => {
    const { ends, proxy } = await joined()
    proxy.refuse(true)
    const refused = await connectTo(proxy)
    await waitUntil("the connection is reset", () => refused.fate() === "ECONNRESET")
    assert.strictEqual(ends.length, 1)
    proxy.heal()
    await connectTo(proxy)
    await waitUntil("the target is connected again", () => ends.length === 2)
  })

  it("sends new connections to another target, and leaves the old ones", async () => {
    const { client, proxy, server } = await joined()
    const other = await target()
    proxy.retarget(other.address)
    const second = await connectTo(proxy)
    second.socket.write("new")
    client.socket.write("old")
    await comes(server, "old")
    await comes(await waitUntil("the other is connected", () => other.ends[0]), "new")
  })

  it("resets who wants to reach a target that is not there", async () => {
    const { proxy } = await joined()
    proxy.retarget("127.0.0.1:1")
    const client = await connectTo(proxy)
    await waitUntil("the connection is reset", () => client.fate() === "ECONNRESET")
  })

  it("holds a sender back whose receiver does not read", async () => {
    let received = 0
    let receiver: Socket | undefined
    const { address } = await target((socket) => {
      receiver = socket
    })
    const { socket } = await connectTo(await proxyTo(address))
    const total = 64 * 1_048_576
    const piece = Buffer.alloc(65_536)
    let sent = 0
    const send = (): void => {
      if (sent === total) return
      socket.write(piece, () => {
        sent += piece.length
        send()
      })
    }
    send()
    let before = -1
    let still = 0
    await waitUntil("nothing more is taken", () => {
      still = sent === before ? still + 1 : 0
      before = sent
      return still === 10
    })
    // What the kernel holds for four sockets, and the proxy's own bound.
    assert.isBelow(sent, total / 2)

    receiver!.on("data", (bytes: Buffer) => {
      received += bytes.length
    })
    await waitUntil("all of it has come", () => received === total)
  })
})
