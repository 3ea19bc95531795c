/**
 * ProtoClient: protobuf records over a bare `WebSocket`, by the published `.proto` file.
 */
import { fileURLToPath } from "node:url"
import protobuf from "protobufjs"
import { type Codec, type Frame, type Message, WireClient } from "./WireClient.ts"

const protoFile = fileURLToPath(new URL("../../proto/weir/client/v1/client.proto", import.meta.url))
const root = protobuf.loadSync(protoFile)
export const ClientFrame = root.lookupType("weir.client.v1.ClientFrame")
export const ServerFrame = root.lookupType("weir.client.v1.ServerFrame")

interface Envelope {
  readonly type?: string
  readonly id?: number
  readonly ts?: number
  readonly payload?: object
}

/** One frame without its length. */
export const encodeFrame = ({ type, payload, ...rest }: Envelope): Uint8Array => {
  const frame = type === undefined ? rest : { ...rest, [type]: payload ?? {} }
  return ClientFrame.encode(ClientFrame.fromObject(frame)).finish()
}

/** A record: a varint length, then that many bytes. */
export const toRecord = (frame: Uint8Array): Uint8Array =>
  protobuf.Writer.create().bytes(frame).finish()

export const concat = (parts: ReadonlyArray<Uint8Array>): Uint8Array<ArrayBuffer> =>
  new Uint8Array(Buffer.concat(parts))

/** Reads messages as a client does that has this `ServerFrame`. */
export const decoderOf =
  (serverFrame: protobuf.Type, bytes: ArrayConstructor | StringConstructor) =>
  (message: Message): ReadonlyArray<Frame> => {
    if (typeof message === "string") throw new Error("a text message on a protobuf connection")
    const reader = protobuf.Reader.create(message)
    const frames: Array<Frame> = []
    while (reader.pos < reader.len) {
      const decoded = serverFrame.toObject(serverFrame.decodeDelimited(reader), {
        longs: Number,
        bytes,
        defaults: true,
        arrays: true,
        oneofs: true
      })
      const type = String(decoded["payload"])
      const { id, ts } = decoded
      frames.push({ type, ...(id === 0 ? {} : { id }), ts, payload: decoded[type] })
    }
    return frames
  }

export const protoCodec: Codec = {
  protocol: "weir.v1.proto",
  encode: (frames) => concat(frames.map((frame) => toRecord(encodeFrame(frame as Envelope)))),
  decode: decoderOf(ServerFrame, Array),
  jsonData: (value) => Buffer.from(JSON.stringify(value)),
  jsonValue: ({ data }) => JSON.parse(Buffer.from(data).toString())
}

export const openProto = (http: string) => WireClient.open(http, protoCodec)

export const connectProto = (http: string, connect: object) =>
  WireClient.connect(http, protoCodec, connect)
