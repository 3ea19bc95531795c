import { assert, describe, it, vi } from "@effect/vitest"
import { fakeSockets } from "@weir/client/FakeSocket.fixture"
import { Network } from "./Network.ts"

const open = () => {
  const { WebSocket, opened } = fakeSockets()
  const network = new Network(WebSocket)
  const heard: Array<string> = []
  const connect = () => {
    const socket = new network.webSocket("ws://weir/v1/ws")
    for (const type of ["open", "message", "close"] as const) {
      socket.addEventListener(type, ({ code }) => heard.push(code ? `${type} ${code}` : type))
    }
    return socket
  }
  return { connect, heard, network, opened }
}

describe("Network", () => {
  it("passes on what a socket says and hears", () => {
    const { connect, heard, opened } = open()
    const socket = connect()

    socket.send(`{"type":"connect","id":1,"payload":{}}`)
    opened[0]?.opens()
    opened[0]?.says("ping", {})
    opened[0]?.closes(3001)

    assert.strictEqual(opened[0]?.sent("connect")?.id, 1)
    assert.deepStrictEqual(heard, ["open", "message", "close 3001"])
  })

  it("tells the client that a socket is gone, and the server nothing", () => {
    const { connect, heard, network, opened } = open()
    const socket = connect()

    network.cut()
    socket.send(`{"type":"pong","payload":{}}`)
    socket.close()
    opened[0]?.says("ping", {})

    assert.deepStrictEqual(heard, ["close 1006"])
    assert.isEmpty(opened[0]!.frames)
    assert.isFalse(opened[0]!.closedByClient)
  })

  it("opens nothing while it is cut", async () => {
    const { connect, heard, network, opened } = open()
    network.cut()

    connect()
    await new Promise((resolve) => setTimeout(resolve))

    assert.isEmpty(opened)
    assert.deepStrictEqual(heard, ["close 1006"])
  })

  it("opens again once it is restored, and lets go of what it had cut", () => {
    const { connect, heard, network, opened } = open()
    connect()
    network.cut()

    network.restore()
    connect()
    opened[1]?.opens()

    assert.isTrue(opened[0]?.closedByClient)
    assert.lengthOf(opened, 2)
    assert.deepStrictEqual(heard, ["close 1006", "open"])
  })

  it("lets no request through while it is cut, and ends those that go on", () => {
    const { network } = open()
    const signals: Array<AbortSignal> = []
    vi.stubGlobal("fetch", (_: string, { signal }: { readonly signal: AbortSignal }) => {
      signals.push(signal)
    })

    void network.fetch("/v1/sessions")
    network.cut()
    void network.fetch("/v1/sessions")
    network.restore()
    void network.fetch("/v1/sessions")
    vi.unstubAllGlobals()

    assert.deepStrictEqual(
      signals.map(({ aborted }) => aborted),
      [true, true, false]
    )
  })
})
