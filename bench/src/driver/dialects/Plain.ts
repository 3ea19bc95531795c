/**
 * Plain: a channel is a path, and whoever is connected is subscribed. The payload is
 * at the end of a message: it is the message, or it is in an envelope of ours that
 * ends as Weir's does.
 */
import { type Dialect, payloadBytes } from "../Dialect.ts"

/** `}}` */
const envelopeEnd = 2
const brace = 125

export const dialect: Dialect = {
  path: (channel) => `/${encodeURIComponent(channel)}`,
  protocol: "",
  hello: undefined,
  reader: (sink) => (bytes, _start, end) => {
    const payloadEnd = bytes[end - 1] === brace ? end - envelopeEnd : end
    sink.publication(bytes, payloadEnd - payloadBytes)
  }
}
