/**
 * JsonClient: JSON envelopes over a bare `WebSocket`.
 */
import { type Codec, type Frame, WireClient } from "./WireClient.ts"

const decode = (message: string | Uint8Array): ReadonlyArray<Frame> => {
  if (typeof message !== "string") throw new Error("a binary message on a JSON connection")
  if (/[\r\n]/.test(message)) throw new Error(`an envelope with a line break: ${message}`)
  const json: Frame | ReadonlyArray<Frame> = JSON.parse(message)
  return [json].flat()
}

export const jsonCodec: Codec = {
  protocol: "weir.v1.json",
  encode: (frames) => JSON.stringify(frames.length === 1 ? frames[0] : frames),
  decode,
  jsonData: (value) => value,
  jsonValue: ({ data }) => data
}

export const openJson = (http: string) => WireClient.open(http, jsonCodec)

export const connectJson = (http: string, connect: object) =>
  WireClient.connect(http, jsonCodec, connect)
