/**
 * Framing: how what Weir sends becomes the WebSocket frames of a connection.
 *
 * Publications are framed once for all connections with the same framing, however many
 * there are: all of them are written the same buffer.
 */
import { frameMessage, frameText } from "@weir/socket/Frame"
import type { EncodedPublication } from "@weir/wire/Publications"
import {
  encodePublicationFrame,
  encodeServerFrame,
  joinFrames,
  type ServerPayload,
  serverFrameJson,
  type WireFormat
} from "@weir/wire/ServerFrames"

export interface Framing {
  readonly format: WireFormat
  /** One frame for several publications, since the client asked for it; else a frame each. */
  readonly batch: boolean
}

const framings: ReadonlyArray<Framing> = [
  { format: "json", batch: false },
  { format: "json", batch: true },
  { format: "proto", batch: false },
  { format: "proto", batch: true }
]

/** Always the same object for the same framing, so that two are compared by identity. */
export const framingOf = (format: WireFormat, batch: boolean): Framing =>
  framings.find((it) => it.format === format && it.batch === batch)!

/** Publications of one frame: as many envelopes as a client may send in one array. */
const batchSize = 64

const frame = ({ format }: Framing, message: Uint8Array): Buffer =>
  frameMessage(message, format === "json" ? "text" : "binary")

/** Anything but a publication, as one frame. `id` 0: unasked. */
export const framePayload = (
  format: WireFormat,
  id: number,
  nowMillis: number,
  payload: ServerPayload
): Buffer =>
  format === "json"
    ? frameText(serverFrameJson(id, nowMillis, payload))
    : frameMessage(encodeServerFrame(format, id, nowMillis, payload), "binary")

/** The frames of some publications, one after the other. */
export const framePublications = (
  framing: Framing,
  entries: ReadonlyArray<EncodedPublication>,
  nowMillis: number
): Buffer => {
  const { batch, format } = framing
  const messages = entries.map((entry) => encodePublicationFrame(format, nowMillis, entry))
  if (messages.length === 1) return frame(framing, messages[0]!)
  if (!batch) return Buffer.concat(messages.map((message) => frame(framing, message)))
  const frames: Array<Buffer> = []
  for (let at = 0; at < messages.length; at += batchSize) {
    frames.push(frame(framing, joinFrames(format, messages.slice(at, at + batchSize))))
  }
  return Buffer.concat(frames)
}
