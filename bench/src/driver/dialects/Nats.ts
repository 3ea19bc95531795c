/**
 * Nats: NATS's own protocol, which is lines and payloads in a stream of bytes: a
 * WebSocket message may hold several of them, or only a piece of one.
 */
import { type Dialect, payloadBytes } from "../Dialect.ts"

const lineEnd = "\r\n"
const carriageReturn = 13
const lineFeed = 10
const zero = 48
/** `MSG`; no other word that a server says begins so. */
const letterM = 77

const subscriptionId = 1

/** The answer to the ping says that the subscription stands: lines are read in order. */
const hello = (channel: string): string =>
  [
    'CONNECT {"verbose":false,"pedantic":false,"lang":"bench","version":"1","protocol":1}',
    `SUB ${channel} ${subscriptionId}`,
    "PING",
    ""
  ].join(lineEnd)

/** Where the line that begins here is over, its end included; undefined: not in these bytes. */
const afterLine = (bytes: Buffer, from: number, to: number): number | undefined => {
  for (let at = from; at + 1 < to; at++) {
    if (bytes[at] === carriageReturn && bytes[at + 1] === lineFeed) return at + 2
  }
  return undefined
}

export const dialect: Dialect = {
  path: "/",
  protocol: "",
  hello,
  reader: (sink, channel) => {
    // The line before a payload differs in its last word alone: how long the payload is.
    const sizeAt = `MSG ${channel} ${subscriptionId} `.length
    let rest: Buffer | undefined

    const onLine = (line: string) => {
      if (line === "PONG") return sink.ready()
      if (line === "PING") return sink.send(`PONG${lineEnd}`)
      if (line.startsWith("INFO ") || line === "+OK") return
      throw new Error(`said ${line}`)
    }
    /** From its size on; where the next one begins, or undefined: it is not whole. */
    const readMessage = (bytes: Buffer, from: number, to: number): number | undefined => {
      let size = 0
      let at = from
      while (at < to && bytes[at] !== carriageReturn) size = size * 10 + (bytes[at++]! - zero)
      const payloadEnd = at + lineEnd.length + size
      if (payloadEnd + lineEnd.length > to) return undefined
      sink.publication(bytes, payloadEnd - payloadBytes)
      return payloadEnd + lineEnd.length
    }
    /** Where the first begins that is not whole. */
    const readAll = (bytes: Buffer, start: number, end: number): number => {
      let at = start
      while (at < end) {
        if (bytes[at] === letterM) {
          const next = readMessage(bytes, at + sizeAt, end)
          if (next === undefined) break
          at = next
          continue
        }
        const after = afterLine(bytes, at, end)
        if (after === undefined) break
        onLine(bytes.toString("latin1", at, after - lineEnd.length))
        at = after
      }
      return at
    }
    return (bytes, start, end) => {
      if (rest === undefined) {
        const used = readAll(bytes, start, end)
        // The memory is read into again.
        if (used < end) rest = Buffer.from(bytes.subarray(used, end))
        return
      }
      const joined: Buffer = Buffer.concat([rest, bytes.subarray(start, end)])
      const used = readAll(joined, 0, joined.length)
      rest = used < joined.length ? joined.subarray(used) : undefined
    }
  }
}
