/**
 * RunHandshake: one request against a real server; where it opens a WebSocket, that is used.
 */
import { createHash } from "node:crypto"
import type { Handshake } from "./families/Handshakes.ts"
import { opcodes, ping } from "./RawFrame.ts"
import { RawSocket } from "./RawSocket.ts"

const alive = "alive"

export interface HandshakeOutcome {
  readonly status: number | "cut"
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly says: string | undefined
  readonly pongs: ReadonlyArray<string>
}

const writtenKey = /^Sec-WebSocket-Key:\s*(\S+)/m

/** RFC 6455 §4.2.2, step 5. */
const acceptFor = (sends: Handshake["sends"]): string => {
  const request = Buffer.concat(sends.map((it) => Buffer.from(it))).toString("latin1")
  const key = writtenKey.exec(request)![1]!
  return createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64")
}

export const expectedOf = ({
  headers,
  pongs = [],
  says,
  sends,
  status
}: Handshake): HandshakeOutcome =>
  status === 101
    ? {
        status,
        headers: {
          upgrade: "websocket",
          connection: "Upgrade",
          "sec-websocket-accept": acceptFor(sends),
          ...headers
        },
        says: undefined,
        pongs: [...pongs, Buffer.from(alive).toString("hex")]
      }
    : { status, headers: { ...headers }, says: says === "nothing" ? undefined : says, pongs }

const codeIn = ({ body, head }: RawSocket): string | undefined =>
  head?.headers["content-type"] === "application/json" ? JSON.parse(body).code : undefined

export const runHandshake = async (
  row: Handshake,
  http: string,
  localAddress: string
): Promise<HandshakeOutcome> => {
  const socket = new RawSocket(http, localAddress)
  try {
    for (const bytes of row.sends) await socket.write(bytes)
    if (row.status === "cut") {
      await socket.until("ends", () => socket.hasEnded)
    } else {
      await socket.until("has a response", () => {
        const length = Number(socket.head?.headers["content-length"] ?? 0)
        return socket.head !== undefined && socket.body.length >= length
      })
    }
    const { head } = socket
    if (head?.status === 101) {
      await socket.write(ping(alive))
      const isLast = Buffer.from(alive)
      await socket.until("answers a ping", () =>
        socket.frames.some(({ payload }) => payload.equals(isLast))
      )
    }
    const { headers } = expectedOf(row)
    return {
      status: head?.status ?? "cut",
      headers: Object.fromEntries(Object.keys(headers).map((name) => [name, head?.headers[name]])),
      says: codeIn(socket),
      pongs: socket.frames
        .filter(({ opcode }) => opcode === opcodes.pong)
        .map(({ payload }) => payload.toString("hex"))
    }
  } finally {
    socket.destroy()
  }
}
