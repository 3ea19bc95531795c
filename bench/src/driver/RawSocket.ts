/**
 * RawSocket: a subscriber's WebSocket on a bare TCP connection.
 *
 * All of a driver's sockets read into one buffer, one after the other, so that a read
 * allocates nothing: a thousand of them must cost less than the server that they
 * measure.
 */
import { connect, type Socket } from "node:net"
import type { Dialect } from "./Dialect.ts"
import { binaryOpcode, clientFrame, FrameReader, pongOpcode, textOpcode } from "./FrameReader.ts"

/** What all sockets of a driver share. */
export class SharedReads {
  /** Above what the kernel gives at once. */
  readonly buffer = Buffer.allocUnsafeSlow(256 * 1024)
  /** How often anything was read. */
  count = 0
  bytes = 0
}

export interface SocketOptions {
  /** `host:port`. */
  readonly address: string
  /** Where to connect from, if that matters. */
  readonly localAddress?: string | undefined
  readonly dialect: Dialect
  readonly channel: string
  readonly token: string
}

export interface SocketEvents {
  /** The subscription stands. */
  readonly ready: () => void
  /** The bytes are valid only during the call. */
  readonly publication: (bytes: Buffer, at: number) => void
  /** Once, whoever ended it, with what is known of the reason. */
  readonly closed: (why: string) => void
}

export interface RawSocket {
  readonly send: (message: string | Uint8Array) => void
  /** Stops reading: the kernel's buffers fill, then the server's. */
  readonly pause: () => void
  readonly resume: () => void
  readonly close: () => void
}

const headerEnd = "\r\n\r\n"

const upgradeRequest = ({ address, channel, dialect }: SocketOptions): string => {
  const path = typeof dialect.path === "string" ? dialect.path : dialect.path(channel)
  const protocol = dialect.protocol === "" ? "" : `Sec-WebSocket-Protocol: ${dialect.protocol}\r\n`
  return (
    `GET ${path} HTTP/1.1\r\nHost: ${address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
    `Sec-WebSocket-Key: d2VpciBiZW5jaG1hcmtzIQ==\r\nSec-WebSocket-Version: 13\r\n${protocol}\r\n`
  )
}

export const openSocket = (
  reads: SharedReads,
  options: SocketOptions,
  events: SocketEvents
): RawSocket => {
  const { address, channel, dialect, localAddress, token } = options
  const colon = address.lastIndexOf(":")
  let isClosed = false
  let isOpen = false
  let head = ""

  const closed = (why: string) => {
    if (isClosed) return
    isClosed = true
    socket.destroy()
    events.closed(why)
  }
  const send: RawSocket["send"] = (message) =>
    void socket.write(
      typeof message === "string"
        ? clientFrame(textOpcode, Buffer.from(message))
        : clientFrame(binaryOpcode, Buffer.from(message))
    )
  const read = dialect.reader(
    { ready: events.ready, publication: events.publication, send },
    channel
  )
  const frames = new FrameReader({
    message: read,
    ping: (payload) => void socket.write(clientFrame(pongOpcode, payload)),
    close: (code, reason) => closed(`closed with ${code} ${reason}`)
  })

  /** Where the frames begin; undefined while the answer is not whole. */
  const upgraded = (bytes: Buffer, length: number): number | undefined => {
    const before = head.length
    head += bytes.toString("latin1", 0, length)
    const end = head.indexOf(headerEnd)
    if (end < 0) return undefined
    if (!head.startsWith("HTTP/1.1 101")) {
      closed(`refused with ${head.slice(9, 12)}`)
      return undefined
    }
    head = ""
    isOpen = true
    if (dialect.hello === undefined) events.ready()
    else send(dialect.hello(channel, token))
    return end + headerEnd.length - before
  }

  const onRead = (length: number, bytes: Buffer): boolean => {
    reads.count++
    reads.bytes += length
    try {
      const from = isOpen ? 0 : upgraded(bytes, length)
      if (from !== undefined && from < length) frames.push(bytes, from, length)
    } catch (error) {
      closed((error as Error).message)
    }
    return true
  }

  const socket: Socket = connect({
    host: address.slice(0, colon),
    port: Number(address.slice(colon + 1)),
    noDelay: true,
    ...(localAddress === undefined ? {} : { localAddress }),
    onread: { buffer: reads.buffer, callback: onRead as (n: number, b: Uint8Array) => boolean }
  })
  socket.once("connect", () => socket.write(upgradeRequest(options)))
  socket.on("error", ({ message }) => closed(message))
  socket.once("close", () => closed("the connection ended"))
  return {
    send,
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    close: () => closed("by us")
  }
}
