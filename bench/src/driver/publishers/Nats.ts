/**
 * Nats: publishes over NATS's protocol on TCP; all that is published in one turn goes
 * in one write.
 */
import { once } from "node:events"
import { connect } from "node:net"
import type { Publishing } from "../../System.ts"
import type { OpenPublisher } from "../Publisher.ts"

const lineEnd = Buffer.from("\r\n")
const hello = 'CONNECT {"verbose":false,"pedantic":false,"lang":"bench","version":"1"}\r\nPING\r\n'

export const open: OpenPublisher<Extract<Publishing, { kind: "nats" }>> = async (
  { address },
  onFailure
) => {
  const [host, port] = address.split(":")
  const socket = connect({ host: host!, port: Number(port), noDelay: true })
  await once(socket, "connect")
  let isClosing = false
  const lost = (why: string) => {
    if (!isClosing) onFailure(why)
  }
  socket.on("error", ({ message }) => lost(message))
  socket.once("close", () => lost("the server is gone"))

  let unread = ""
  let pieces: Array<Buffer> = []
  let isScheduled = false
  const stands = new Promise<void>((resolve) => {
    socket.on("data", (chunk: Buffer) => {
      const lines = (unread + chunk.toString("latin1")).split("\r\n")
      unread = lines.pop()!
      for (const line of lines) {
        if (line === "PONG") resolve()
        else if (line === "PING") socket.write("PONG\r\n")
        else if (line.startsWith("-ERR")) lost(line)
      }
    })
  })
  socket.write(hello)
  await stands

  const flush = () => {
    isScheduled = false
    socket.write(Buffer.concat(pieces))
    pieces = []
  }
  return {
    publish: (payloads, channel) => {
      for (const payload of payloads) {
        pieces.push(Buffer.from(`PUB ${channel} ${payload.length}\r\n`), payload, lineEnd)
      }
      if (isScheduled) return
      isScheduled = true
      queueMicrotask(flush)
    },
    close: () => {
      isClosing = true
      socket.destroy()
    }
  }
}
