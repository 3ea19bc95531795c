/**
 * Framing: how what Weir sends becomes the bytes that a connection is written.
 *
 * Over WebSocket these are its frames. Where events carry them (SSE, long-polling) it is one
 * line of JSON for each envelope: the transport numbers the lines, for each client its own way.
 *
 * Publications are framed once for all connections with the same framing, however many
 * there are: all of them are written the same buffer.
 */
import { frameDeflated, frameMessage, frameText } from "@weir/socket/Frame"
import type { EncodedPublication } from "@weir/wire/Publications"
import {
  encodePublicationFrame,
  encodeServerFrame,
  joinFrames,
  type ServerPayload,
  serverFrameJson,
  type WireFormat
} from "@weir/wire/ServerFrames"

export type Carrier = "websocket" | "events"

export interface Framing {
  readonly carrier: Carrier
  readonly format: WireFormat
  /** One frame for several publications, since the client asked for it; else a frame each. */
  readonly batch: boolean
  /** Publications are compressed, since the client agreed to that. */
  readonly deflate: boolean
}

const overWebSocket = (deflate: boolean) =>
  [
    { carrier: "websocket", format: "json", batch: false, deflate },
    { carrier: "websocket", format: "json", batch: true, deflate },
    { carrier: "websocket", format: "proto", batch: false, deflate },
    { carrier: "websocket", format: "proto", batch: true, deflate }
  ] as const

const framings: ReadonlyArray<Framing> = [
  ...overWebSocket(false),
  ...overWebSocket(true),
  { carrier: "events", format: "json", batch: false, deflate: false }
]

/**
 * Always the same object for the same framing, so that two are compared by identity. Events are
 * never batched: each has a number of its own. And what stands in between compresses them.
 */
export const framingOf = (
  format: WireFormat,
  batch: boolean,
  carrier: Carrier = "websocket",
  deflate = false
): Framing =>
  framings.find(
    (it) =>
      it.carrier === carrier &&
      (carrier === "events" ||
        (it.format === format && it.batch === batch && it.deflate === deflate))
  )!

/** Publications of one frame: as many envelopes as a client may send in one array. */
const batchSize = 64

const endOfLine = Buffer.from("\n")

const frame = ({ carrier, format }: Framing, message: Uint8Array, deflate: boolean): Buffer => {
  if (carrier === "events") return Buffer.concat([message, endOfLine])
  const kind = format === "json" ? "text" : "binary"
  return deflate ? frameDeflated(message, kind) : frameMessage(message, kind)
}

/**
 * Anything but a publication, as one frame. `id` 0: unasked. Never compressed: nearly all of it
 * is small, and the rest is for one client alone, to which nobody else would owe a part of the cost.
 */
export const framePayload = (
  framing: Framing,
  id: number,
  nowMillis: number,
  payload: ServerPayload
): Buffer => {
  const { carrier, format } = framing
  return carrier === "websocket" && format === "json"
    ? frameText(serverFrameJson(id, nowMillis, payload))
    : frame(framing, encodeServerFrame(format, id, nowMillis, payload), false)
}

/** The frames of some publications, one after the other. */
export const framePublications = (
  framing: Framing,
  entries: ReadonlyArray<EncodedPublication>,
  nowMillis: number
): Buffer => {
  const { batch, deflate, format } = framing
  const messages = entries.map((entry) => encodePublicationFrame(format, nowMillis, entry))
  if (messages.length === 1) return frame(framing, messages[0]!, deflate)
  if (!batch) return Buffer.concat(messages.map((message) => frame(framing, message, deflate)))
  const frames: Array<Buffer> = []
  for (let at = 0; at < messages.length; at += batchSize) {
    frames.push(frame(framing, joinFrames(format, messages.slice(at, at + batchSize)), deflate))
  }
  return Buffer.concat(frames)
}
