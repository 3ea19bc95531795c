/**
 * loop: the floor for a Node process: sockets in a set, and one `write` for each of
 * them with what a burst comes to. No library, no outbox, no limits, no metrics.
 *
 *     node loop.ts PORT CONTROL
 */
import { createServer, type Socket } from "node:net"
import { announce, portsOf, serveControl } from "./Control.ts"
import { publicationFrame } from "./Envelope.ts"
import { readHandshake } from "./Upgrade.ts"

const { control, port } = portsOf(process.argv)
const channels = new Map<string, Set<Socket>>()
let offset = 0

const subscribersOf = (channel: string): Set<Socket> => {
  const known = channels.get(channel) ?? new Set()
  channels.set(channel, known)
  return known
}

const server = createServer((socket) => {
  socket.setNoDelay(true)
  socket.on("error", () => {})
  let request = ""
  const onData = (chunk: Buffer) => {
    request += chunk.toString("latin1")
    if (!request.endsWith("\r\n\r\n")) return
    const handshake = readHandshake(request)
    if (handshake === undefined) {
      socket.destroy()
      return
    }
    // Subscribers say nothing more; what they send at the end is passed over.
    socket.off("data", onData).resume()
    const subscribers = subscribersOf(handshake.channel)
    subscribers.add(socket)
    socket.once("close", () => subscribers.delete(socket))
    socket.write(handshake.answer)
  }
  socket.on("data", onData)
})

serveControl(control, (channel, payloads) => {
  const bytes = Buffer.concat(payloads.map((it) => publicationFrame(channel, ++offset, it)))
  for (const socket of subscribersOf(channel)) socket.write(bytes)
})

server.listen({ port, host: "127.0.0.1", backlog: 4096 }, () => announce(process.version))
