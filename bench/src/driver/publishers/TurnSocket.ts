/**
 * TurnSocket: a TCP connection on which all that is written in one turn leaves as one write.
 */
import { once } from "node:events"
import { connect, type Socket } from "node:net"

export interface TurnSocket {
  /** For reading, and for what is to leave at once. */
  readonly socket: Socket
  readonly write: (...pieces: ReadonlyArray<Buffer>) => void
  /** Reports what went wrong, unless we are closing. */
  readonly lost: (why: string) => void
  readonly close: () => void
}

/** `address`: `host:port`. */
export const openTurnSocket = async (
  address: string,
  onFailure: (why: string) => void
): Promise<TurnSocket> => {
  const [host, port] = address.split(":")
  const socket = connect({ host: host!, port: Number(port), noDelay: true })
  await once(socket, "connect")
  let isClosing = false
  const lost = (why: string) => {
    if (!isClosing) onFailure(why)
  }
  socket.on("error", ({ message }) => lost(message))
  socket.once("close", () => lost("the server is gone"))

  let unsent: Array<Buffer> = []
  const flush = () => {
    socket.write(Buffer.concat(unsent))
    unsent = []
  }
  return {
    socket,
    write: (...pieces) => {
      if (unsent.length === 0) queueMicrotask(flush)
      unsent.push(...pieces)
    },
    lost,
    close: () => {
      isClosing = true
      socket.destroy()
    }
  }
}
