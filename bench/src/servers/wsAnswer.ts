/**
 * wsAnswer: the `ws` library, and nothing but one answer for each message: the floor
 * under a handshake in which the client says who it is. Prints its address.
 */
import type { AddressInfo } from "node:net"
import { WebSocketServer } from "ws"
import { announceAddress } from "./Announce.ts"

const server = new WebSocketServer({ port: 0, host: "127.0.0.1", backlog: 4096 })
server.on("connection", (socket) => {
  socket.on("error", () => {})
  // As many bytes as it was sent: a token is about as long as what Weir answers with.
  socket.on("message", (data) => socket.send(data, { binary: false }))
})
server.once("listening", () => {
  announceAddress((server.address() as AddressInfo).port, "ws")
})
