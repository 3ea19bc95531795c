/**
 * Control: publishes through one of our own servers (`servers/Control.ts`).
 */
import { once } from "node:events"
import { connect } from "node:net"
import type { Publishing } from "../../System.ts"
import { encodeBurst } from "../../servers/Control.ts"
import type { OpenPublisher } from "../Publisher.ts"

export const open: OpenPublisher<Extract<Publishing, { kind: "control" }>> = async (
  { address },
  onFailure
) => {
  const [host, port] = address.split(":")
  const socket = connect({ host: host!, port: Number(port), noDelay: true })
  await once(socket, "connect")
  let isClosing = false
  let isCorked = false
  const lost = (why: string) => {
    if (!isClosing) onFailure(why)
  }
  socket.on("error", ({ message }) => lost(message))
  socket.once("close", () => lost("the server is gone"))
  const uncork = () => {
    isCorked = false
    socket.uncork()
  }
  return {
    publish: (payloads, channel) => {
      if (!isCorked) {
        isCorked = true
        socket.cork()
        queueMicrotask(uncork)
      }
      socket.write(encodeBurst(channel, payloads))
    },
    close: () => {
      isClosing = true
      socket.destroy()
    }
  }
}
