/**
 * WeirProto: Weir's protobuf frames: records of a length and that many bytes.
 *
 * As in JSON, a publication's data is its last field, and the publication is the last
 * of its frame.
 */
import { ClientFrame, ServerFrame } from "@weir/proto/client/v1/client"
import { type Dialect, payloadBytes } from "../Dialect.ts"

/** Fields of a ServerFrame, with their wire types. */
const idTag = (1 << 3) | 0
const tsTag = (2 << 3) | 0
const publicationTag = (7 << 3) | 2

const moreBit = 0x80

const record = (frame: ClientFrame): Uint8Array =>
  ClientFrame.encode(frame, ClientFrame.encode(ClientFrame.create()).fork()).join().finish()

const afterVarint = (bytes: Buffer, at: number): number => {
  let index = at
  while ((bytes[index]! & moreBit) !== 0) index++
  return index + 1
}

/** The tag of the payload: behind the id and the time, which may be left out. */
const payloadTag = (bytes: Buffer, start: number): number => {
  let at = start
  while (bytes[at] === idTag || bytes[at] === tsTag) at = afterVarint(bytes, at + 1)
  return bytes[at]!
}

const pong = record({ id: 0, ts: 0, payload: { $case: "pong", value: {} } })

export const dialect: Dialect = {
  path: "/v1/ws",
  protocol: "weir.v1.proto",
  hello: (channel, token) =>
    record(
      ClientFrame.fromPartial({
        id: 1,
        payload: {
          $case: "connect",
          value: { token, versions: ["1"], client: "bench", subscriptions: [{ channel }] }
        }
      })
    ),
  reader: (sink) => {
    const other = (bytes: Buffer) => {
      const { payload } = ServerFrame.decode(bytes)
      if (payload?.$case === "ping") return sink.send(pong)
      if (payload?.$case === "connected") {
        const refused = payload.value.subscriptions.some((it) => it.result?.$case === "error")
        if (!refused) return sink.ready()
      }
      throw new Error(`said ${JSON.stringify(payload)}`)
    }
    return (bytes, start, end) => {
      let at = start
      while (at < end) {
        let length = 0
        let shift = 0
        let byte: number
        do {
          byte = bytes[at++]!
          length |= (byte & ~moreBit) << shift
          shift += 7
        } while ((byte & moreBit) !== 0)
        if (payloadTag(bytes, at) === publicationTag) {
          sink.publication(bytes, at + length - payloadBytes)
        } else {
          other(bytes.subarray(at, at + length))
        }
        at += length
      }
    }
  }
}
