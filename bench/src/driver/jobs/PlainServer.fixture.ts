/**
 * PlainServer.fixture: a server as its jobs find one, in the test's own process: a channel is a
 * path, and what is published is given as the test likes.
 */
import { once } from "node:events"
import { type AddressInfo, createServer } from "node:net"
import { type WebSocket, WebSocketServer } from "ws"
import type { Publishing, Subscribing } from "../../System.ts"
import { ControlReader } from "../../servers/Control.ts"

interface Published {
  readonly channel: string
  /** From 0, in its channel. */
  readonly number: number
  readonly payload: Buffer
}

/** `give`: to those that are subscribed to the channel, in the order in which they came. */
export const withPlainServer = async (
  give: (published: Published, clients: ReadonlyArray<WebSocket>) => void,
  test: (subscribing: Subscribing, publishing: Publishing) => Promise<void>
): Promise<void> => {
  const channels = new Map<string, { readonly clients: Array<WebSocket>; published: number }>()
  const channelOf = (name: string) => {
    const it = channels.get(name) ?? { clients: [], published: 0 }
    channels.set(name, it)
    return it
  }
  const sockets = new WebSocketServer({ port: 0, host: "127.0.0.1" })
  sockets.on("connection", (socket, { url }) => {
    socket.on("error", () => {})
    channelOf(decodeURIComponent(url!.slice(1))).clients.push(socket)
  })
  const control = createServer((socket) => {
    const reader = new ControlReader((channel, payloads) => {
      const it = channelOf(channel)
      for (const payload of payloads) {
        give({ channel, payload, number: it.published++ }, it.clients)
      }
    })
    socket.on("data", (chunk: Buffer) => reader.push(chunk))
    socket.on("error", () => {})
  })
  control.listen(0, "127.0.0.1")
  await Promise.all([once(sockets, "listening"), once(control, "listening")])
  const addressOf = (address: unknown) => `127.0.0.1:${(address as AddressInfo).port}`
  try {
    await test(
      { dialect: "plain", addresses: [addressOf(sockets.address())], token: "" },
      { kind: "control", address: addressOf(control.address()) }
    )
  } finally {
    sockets.close()
    control.close()
  }
}

/** Nobody listens to the job, and nobody tells it anything. */
export const alone = { emit: () => {}, nextLine: () => new Promise<string>(() => {}) }
