/**
 * WeirJson: Weir's JSON envelopes, as shipped by default.
 *
 * A publication's data is the last field of the last object: where its payload is
 * follows from where the message ends, and nothing has to be parsed.
 */
import { type Dialect, payloadBytes } from "../Dialect.ts"

/** `}}` */
const envelopeEnd = 2

/** `{"type":"publication"`: the sixth letter of its type tells it from all others. */
const isPublication = (bytes: Buffer, start: number): boolean =>
  bytes[start + 9] === 0x70 && bytes[start + 10] === 0x75 && bytes[start + 14] === 0x63

interface Answer {
  readonly type: string
  readonly payload: {
    readonly subscriptions?: ReadonlyArray<{ readonly error?: unknown }>
  }
}

const pong = JSON.stringify({ type: "pong", payload: {} })

export const dialect: Dialect = {
  path: "/v1/ws",
  protocol: "weir.v1.json",
  hello: (channel, token) =>
    JSON.stringify({
      type: "connect",
      id: 1,
      payload: { token, versions: ["1"], client: "bench", subscriptions: [{ channel }] }
    }),
  reader: (sink) => (bytes, start, end) => {
    if (isPublication(bytes, start)) {
      sink.publication(bytes, end - envelopeEnd - payloadBytes)
      return
    }
    const text = bytes.toString("utf8", start, end)
    const { payload, type } = JSON.parse(text) as Answer
    const refused = payload?.subscriptions?.some((it) => it.error !== undefined)
    if (type === "connected" && refused !== true) return sink.ready()
    if (type === "ping") return sink.send(pong)
    throw new Error(`said ${text}`)
  }
}
