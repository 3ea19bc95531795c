/**
 * SocketIo: Socket.IO's protocol 5 on Engine.IO's protocol 4, over WebSocket from the
 * start. An application's `join`, which is acknowledged, is the subscription.
 */
import { type Dialect, payloadBytes, type Reader, type Sink } from "../Dialect.ts"

const path = "/socket.io/?EIO=4&transport=websocket"

/** Engine.IO's packets are told apart by the first letter: `4` is a message of Socket.IO's. */
const messageType = 52
const enginePing = 50
const engineOpen = 48
/** Socket.IO's, by the second. */
const eventType = 50

const enginePong = "3"

/** To the default namespace, of which a client is not part before it asks. */
const connect = "40"

/** `]` */
const eventEnd = 1

const joinId = 0

export const join = (channel: string): string => `42${joinId}${JSON.stringify(["join", channel])}`

/** `details`: of the answer to `connect`, JSON. */
export const socketIoReader = (
  sink: Sink,
  channel: string,
  onConnected: (details: string) => void,
  onEvent: (bytes: Buffer, start: number, end: number) => void
): Reader => {
  const acknowledged = `43${joinId}`
  return (bytes, start, end) => {
    const first = bytes[start]
    // `42[`: an event that nobody has to acknowledge.
    if (first === messageType && bytes[start + 1] === eventType) return onEvent(bytes, start, end)
    if (first === enginePing) return sink.send(enginePong)
    if (first === engineOpen) return
    const text = bytes.toString("utf8", start, end)
    if (text.startsWith("40")) return onConnected(text.slice(2))
    if (channel !== "" && text.startsWith(acknowledged)) return sink.ready()
    throw new Error(`said ${text}`)
  }
}

export const dialect: Dialect = {
  path,
  protocol: "",
  hello: () => connect,
  reader: (sink, channel) =>
    socketIoReader(
      sink,
      channel,
      // Without a channel, a connection is all that is wanted.
      () => (channel === "" ? sink.ready() : sink.send(join(channel))),
      (bytes, _start, end) => sink.publication(bytes, end - eventEnd - payloadBytes)
    )
}
