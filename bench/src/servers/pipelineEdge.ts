/**
 * pipelineEdge: the second process of the bare pipeline: follows the hub, and sends
 * what comes to every WebSocket, with the `ws` library. See `Pipeline.ts`.
 *
 *     node pipelineEdge.ts HUB_ADDRESS
 *
 * Prints its address once it follows.
 */
import type { AddressInfo } from "node:net"
import * as grpc from "@grpc/grpc-js"
import { PublishRequest, type PublishStreamRequest } from "@weir/proto/api/v1/publish"
import { WebSocketServer } from "ws"
import { announceAddress } from "./Announce.ts"
import { followMethod } from "./Pipeline.ts"

const connectLimitMs = 10_000

const [, , hub] = process.argv
const sockets = new WebSocketServer({ port: 0, host: "127.0.0.1" })
sockets.on("connection", (socket) => socket.on("error", () => {}))

const client = new grpc.Client(hub!, grpc.credentials.createInsecure())

const follow = () => {
  const call = client.makeServerStreamRequest(
    followMethod.path,
    followMethod.requestSerialize,
    followMethod.responseDeserialize,
    PublishRequest.create()
  )
  call.on("data", ({ publications }: PublishStreamRequest) => {
    for (const { data } of publications) {
      for (const socket of sockets.clients) socket.send(data, { binary: false })
    }
  })
  // The hub is gone, and with it the run.
  call.on("error", () => process.exit())
  call.once("metadata", () => {
    announceAddress((sockets.address() as AddressInfo).port, "ws")
  })
}

client.waitForReady(Date.now() + connectLimitMs, (error) => {
  if (error !== undefined) throw error
  follow()
})
