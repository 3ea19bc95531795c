/**
 * socketIo: Socket.IO as its documentation sets it up for this: WebSocket alone, no
 * compression, a room for each channel, one `emit` to the room for each publication.
 * The first HTTP request is let go of, as its page on memory advises.
 *
 *     node socketIo.ts PORT CONTROL
 *
 * In the environment: `SOCKET_IO_REDIS`, the URL of a Redis that joins several servers,
 * and `SOCKET_IO_RECOVERY=1`, for connection state recovery.
 */
import { once } from "node:events"
import { createServer } from "node:http"
import { createRequire } from "node:module"
import { createAdapter } from "@socket.io/redis-adapter"
import { Redis } from "ioredis"
import { Server } from "socket.io"
import { announce, portsOf, serveControl } from "./Control.ts"

const { control, port } = portsOf(process.argv)
const { SOCKET_IO_RECOVERY: recovery, SOCKET_IO_REDIS: redisUrl } = process.env
const require = createRequire(import.meta.url)
const { version } = require("socket.io/package.json") as { readonly version: string }

const http = createServer()
const io = new Server(http, {
  transports: ["websocket"],
  perMessageDeflate: false,
  serveClient: false,
  ...(recovery === "1" ? { connectionStateRecovery: {} } : {})
})

io.engine.on("connection", (socket: { request: unknown }) => {
  socket.request = null
})
io.on("connection", (socket) => {
  socket.on("join", async (channel: string, joined: () => void) => {
    await socket.join(channel)
    joined()
  })
})

const listen = () => {
  serveControl(control, (channel, payloads) => {
    const room = io.to(channel)
    // What the quotes of a payload hold is the string that is sent.
    for (const payload of payloads)
      room.emit("message", payload.toString("latin1", 1, payload.length - 1))
  })
  http.listen({ port, host: "127.0.0.1", backlog: 4096 }, () => announce(version))
}

if (redisUrl === undefined) {
  listen()
} else {
  const publisher = new Redis(redisUrl)
  const subscriber = publisher.duplicate()
  io.adapter(createAdapter(publisher, subscriber))
  // What another server publishes before would pass this one by.
  await Promise.all([publisher, subscriber].map((redis) => once(redis, "ready")))
  listen()
}
