/**
 * JsonCodec: one envelope `{type, id, ts, payload}` in a message, or an array of them.
 */
import { toBase64 } from "./Base64.ts"
import type { Codec } from "./Codec.ts"
import type { ServerEnvelope } from "./Envelope.ts"

/** Bytes travel as base64. `this` holds them as they are: a Buffer comes here as something else. */
function bytesAsText(this: { readonly [key: string]: unknown }, key: string, value: unknown) {
  const original = this[key]
  const isBytes = this["encoding"] === "base64" && original instanceof Uint8Array
  return key === "data" && isBytes ? toBase64(original) : value
}

const envelopeOf = (value: unknown): ServerEnvelope => {
  if (typeof value !== "object" || value === null || !("type" in value)) {
    throw new TypeError("the server sent a frame without a type")
  }
  // `payload` may be left out where it has no fields, as in a ping.
  return { payload: {}, ...value } as ServerEnvelope
}

export const jsonCodec: Codec = {
  protocol: "weir.v1.json",
  payload: (_type, payload) => JSON.stringify(payload, bytesAsText),
  message: (type, id, payload) =>
    `{"type":"${type}"${id === 0 ? "" : `,"id":${id}`},"payload":${payload}}`,
  read: (message) => {
    if (typeof message !== "string") throw new TypeError("the server sent a binary message")
    const parsed: unknown = JSON.parse(message)
    return (Array.isArray(parsed) ? parsed : [parsed]).map(envelopeOf)
  }
}
