/**
 * Centrifugo: its bidirectional protocol in JSON: one or more objects in a message,
 * one a line.
 */
import type { Dialect } from "../Dialect.ts"

const lineFeed = 10
/** `{}`, which is a ping, and its own answer. */
const pingBytes = 2
const pong = "{}"

const connectId = 1
const subscribeId = 2

interface Reply {
  readonly id?: number
  readonly error?: unknown
}

/** Both at once: commands of a connection are taken one after the other. */
const hello = (channel: string): string =>
  [
    JSON.stringify({ id: connectId, connect: {} }),
    JSON.stringify({ id: subscribeId, subscribe: { channel } })
  ].join("\n")

export const dialect: Dialect = {
  path: "/connection/websocket",
  protocol: "",
  hello,
  reader: (sink, channel) => {
    // Nothing stands between them that a publication may have or not.
    const head = `{"push":{"channel":${JSON.stringify(channel)},"pub":{"data":`
    /** `p` of `push`: replies begin with their id. */
    const isPush = (bytes: Buffer, at: number) => bytes[at + 2] === 0x70

    const onLine = (bytes: Buffer, start: number, end: number) => {
      if (end - start === pingBytes) return sink.send(pong)
      if (isPush(bytes, start)) return sink.publication(bytes, start + head.length)
      const text = bytes.toString("utf8", start, end)
      const { error, id } = JSON.parse(text) as Reply
      if (error !== undefined || id === undefined) throw new Error(`said ${text}`)
      if (id === subscribeId) sink.ready()
    }
    return (bytes, start, end) => {
      let at = start
      while (at < end) {
        const next = bytes.indexOf(lineFeed, at)
        const lineEnd = next < 0 || next >= end ? end : next
        onLine(bytes, at, lineEnd)
        at = lineEnd + 1
      }
    }
  }
}
