/**
 * ProtoClientFrames: binary messages to client frames.
 *
 * A message is one or more records, each a varint length and that many bytes.
 */
import { BinaryReader } from "@bufbuild/protobuf/wire"
import { failure } from "@weir/core/Failure"
import { ClientFrame, type Subscribe } from "@weir/proto/client/v1/client"
import {
  type ClientPayload,
  type Decoded,
  malformed,
  maxFramesPerMessage,
  maxId,
  unparsable,
  withId
} from "./ClientFrames.ts"

const isNatural = (value: number): boolean => value >= 0

const checkSubscribe = ({ rewind, since }: Subscribe, field: string): string | undefined => {
  if (since !== undefined && !isNatural(since.offset)) return `${field}since.offset: negative`
  if (since !== undefined && !isNatural(since.term)) return `${field}since.term: negative`
  if (rewind === undefined) return undefined
  if (rewind.from === undefined) return `${field}rewind: needs last or since`
  return isNatural(rewind.from.value) ? undefined : `${field}rewind.${rewind.from.$case}: negative`
}

/** What the types of protobuf allow and JSON envelopes do not. */
const checkRanges = (payload: ClientPayload): string | undefined => {
  switch (payload.$case) {
    case "subscribe":
      return checkSubscribe(payload.value, "")
    case "history":
      return isNatural(payload.value.after) ? undefined : "after: negative"
    case "connect": {
      const found = payload.value.subscriptions.map((subscribe, index) =>
        checkSubscribe(subscribe, `subscriptions.${index}.`)
      )
      return found.find((problem) => problem !== undefined)
    }
    default:
      return undefined
  }
}

const decodeRecord = (record: Uint8Array): Decoded => {
  let frame: ClientFrame
  try {
    frame = ClientFrame.decode(record)
  } catch {
    return unparsable("frame: not a valid ClientFrame")
  }
  const knownId = frame.id <= maxId ? frame.id : 0
  const problem = frame.payload && checkRanges(frame.payload)
  if (problem !== undefined) return malformed(knownId, failure("bad_request", problem))
  if (frame.payload !== undefined) return withId(frame.id, frame.payload)
  return malformed(knownId, failure("unknown_type", "payload: missing, or of an unknown type"))
}

/** Every frame of one binary message. A bad record ends the reading: what follows has no start. */
export const decodeProto = (message: Uint8Array): ReadonlyArray<Decoded> => {
  const decoded: Array<Decoded> = []
  const reader = new BinaryReader(message)
  if (message.byteLength === 0) return [unparsable("frame: empty")]
  while (reader.pos < reader.len) {
    if (decoded.length === maxFramesPerMessage) {
      decoded.push(unparsable(`frame: more than ${maxFramesPerMessage} records`))
      break
    }
    let length: number
    try {
      length = reader.uint32()
    } catch {
      decoded.push(unparsable("frame: the record's length is not a varint"))
      break
    }
    const end = reader.pos + length
    if (end > reader.len) {
      decoded.push(
        unparsable(`frame: a record of ${length} bytes, ${reader.len - reader.pos} are there`)
      )
      break
    }
    decoded.push(decodeRecord(message.subarray(reader.pos, end)))
    reader.pos = end
  }
  return decoded
}
