/**
 * ws: the `ws` library as its documentation shows a broadcast: `send` for each client
 * and each message. Compression is off, as it is by default.
 *
 *     node ws.ts PORT CONTROL
 */
import { createRequire } from "node:module"
import { type WebSocket, WebSocketServer } from "ws"
import { announce, portsOf, serveControl } from "./Control.ts"

const { control, port } = portsOf(process.argv)
const channels = new Map<string, Set<WebSocket>>()
const require = createRequire(import.meta.url)
const { version } = require("ws/package.json") as { readonly version: string }

const subscribersOf = (channel: string): Set<WebSocket> => {
  const known = channels.get(channel) ?? new Set()
  channels.set(channel, known)
  return known
}

const server = new WebSocketServer({ port, host: "127.0.0.1", backlog: 4096 })
server.on("connection", (socket, request) => {
  const subscribers = subscribersOf(decodeURIComponent(request.url!.slice(1)))
  subscribers.add(socket)
  socket.on("error", () => {})
  socket.once("close", () => subscribers.delete(socket))
})

serveControl(control, (channel, payloads) => {
  const clients = subscribersOf(channel)
  for (const payload of payloads) {
    for (const client of clients) client.send(payload)
  }
})

server.once("listening", () => announce(version))
