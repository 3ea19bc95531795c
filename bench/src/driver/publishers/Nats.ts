/**
 * Nats: publishes over NATS's protocol on TCP; all that is published in one turn goes
 * in one write.
 */
import type { Publishing } from "../../System.ts"
import type { OpenPublisher } from "../Publisher.ts"
import { openTurnSocket } from "./TurnSocket.ts"

const lineEnd = Buffer.from("\r\n")
const hello = 'CONNECT {"verbose":false,"pedantic":false,"lang":"bench","version":"1"}\r\nPING\r\n'

export const open: OpenPublisher<Extract<Publishing, { kind: "nats" }>> = async (
  { address },
  onFailure
) => {
  const { close, lost, socket, write } = await openTurnSocket(address, onFailure)
  let unread = ""
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

  return {
    publish: (payloads, channel) => {
      for (const payload of payloads) {
        write(Buffer.from(`PUB ${channel} ${payload.length}\r\n`), payload, lineEnd)
      }
    },
    close
  }
}
