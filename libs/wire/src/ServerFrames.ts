/**
 * ServerFrames: what Weir sends, in either encoding.
 *
 * A publication is encoded once per encoding and the bytes are shared by all
 * its subscribers; everything else is made for one connection.
 */
import { BinaryWriter } from "@bufbuild/protobuf/wire"
import { contentKind } from "@weir/core/Content"
import type { Publication } from "@weir/core/Publication"
import {
  type Error as ErrorFrame,
  type Member,
  ServerFrame,
  type Subscribed,
  type SubscribeResult
} from "@weir/proto/client/v1/client"
import type { EncodedPublication } from "./Publications.ts"
import { varintBytes, writeVarint } from "./Varint.ts"

export type WireFormat = "json" | "proto"

export type ServerPayload = NonNullable<ServerFrame["payload"]>

const encoder = new TextEncoder()
const decoder = new TextDecoder("utf-8", { ignoreBOM: true })

/** `"data":…` and what must stand beside it. JSON goes in as stored: it was checked at the door. */
const jsonData = (contentType: string, data: Uint8Array): string => {
  switch (contentKind(contentType)) {
    case "json":
      return `"data":${data.byteLength === 0 ? "null" : decoder.decode(data)}`
    case "text":
      return `"data":${JSON.stringify(decoder.decode(data))},"encoding":"text"`
    case "binary": {
      const text = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("base64")
      return `"data":"${text}","encoding":"base64","contentType":${JSON.stringify(contentType)}`
    }
  }
}

/** All of it but the data and what closes it. */
const publicationHead = (publication: Publication): string => {
  const { epoch, term, offset } = publication.position
  const messageId =
    publication.messageId === "" ? "" : `"messageId":${JSON.stringify(publication.messageId)},`
  const key = publication.key === "" ? "" : `"key":${JSON.stringify(publication.key)},`
  return (
    `{"channel":${JSON.stringify(publication.channel)}` +
    `,"position":{"epoch":${JSON.stringify(epoch)},"term":${term},"offset":${offset}}` +
    `,${messageId}${key}"publisher":${JSON.stringify(publication.publisher)}` +
    `,"publishedAt":${publication.publishedAt},`
  )
}

const publicationJson = (publication: Publication): string =>
  `${publicationHead(publication)}${jsonData(publication.contentType, publication.data)}}`

/**
 * JSON data goes in as the bytes it is: that they are UTF-8 was checked at the door. Not from
 * Node's pool: the frame that is made of it may wait in an outbox, and would keep it alive.
 */
const publicationEnvelope = (ts: number, publication: Publication): Uint8Array => {
  const { contentType, data } = publication
  const begin = `{"type":"publication","ts":${ts},"payload":${publicationHead(publication)}`
  if (contentKind(contentType) !== "json" || data.byteLength === 0) {
    return encoder.encode(`${begin}${jsonData(contentType, data)}}}`)
  }
  const head = `${begin}"data":`
  const headBytes = Buffer.byteLength(head)
  const envelope = Buffer.allocUnsafeSlow(headBytes + data.byteLength + 2)
  envelope.write(head)
  envelope.set(data, headBytes)
  envelope.write("}}", headBytes + data.byteLength)
  return envelope
}

const memberJson = (member: Member): string =>
  `{"id":${JSON.stringify(member.id)},"user":${JSON.stringify(member.user)}` +
  `,"joinedAt":${member.joinedAt},${jsonData(member.contentType, member.data)}}`

const departedJson = (member: Member): string =>
  `{"id":${JSON.stringify(member.id)},"user":${JSON.stringify(member.user)}}`

const subscribedJson = (subscribed: Subscribed): object => ({
  channel: subscribed.channel,
  position: subscribed.position,
  recovered: subscribed.recovered,
  ...(subscribed.reason === "" ? {} : { reason: subscribed.reason }),
  next: subscribed.next,
  delivery: subscribed.delivery,
  ...(subscribed.grant === "" ? {} : { grant: subscribed.grant })
})

const errorJson = ({ code, message, retryAfterMs }: ErrorFrame): object => ({
  code,
  message,
  retryAfterMs
})

const resultJson = ({ result }: SubscribeResult): object =>
  result?.$case === "subscribed"
    ? { subscribed: subscribedJson(result.value) }
    : { error: result && errorJson(result.value) }

/** What a frame says, without its envelope. */
export const payloadJson = (payload: ServerPayload): string => {
  switch (payload.$case) {
    case "publication":
      return publicationJson({ ...payload.value, position: payload.value.position! })
    case "signal": {
      const { channel, publisher, member, contentType, data } = payload.value
      return `{"channel":${JSON.stringify(channel)},"publisher":${JSON.stringify(publisher)},"member":${JSON.stringify(member)},${jsonData(contentType, data)}}`
    }
    case "history": {
      const { channel, position, publications, next } = payload.value
      const entries = publications.map((it) => publicationJson({ ...it, position: it.position! }))
      return `{"channel":${JSON.stringify(channel)},"position":${JSON.stringify(position)},"publications":[${entries.join(",")}],"next":${next}}`
    }
    case "presence": {
      const { channel, members, memberCount, userCount, next } = payload.value
      return `{"channel":${JSON.stringify(channel)},"members":[${members.map(memberJson).join(",")}],"memberCount":${memberCount},"userCount":${userCount},"next":${JSON.stringify(next)}}`
    }
    case "presenceChange": {
      const { channel, joined, left, reset } = payload.value
      return `{"channel":${JSON.stringify(channel)},"joined":[${joined.map(memberJson).join(",")}],"left":[${left.map(departedJson).join(",")}]${reset ? ',"reset":true' : ""}}`
    }
    case "rpcResult":
      return `{${jsonData(payload.value.contentType, payload.value.data)}}`
    case "connected": {
      const { serverSubscriptions, subscriptions, ...connected } = payload.value
      const results = {
        ...(subscriptions.length > 0 && { subscriptions: subscriptions.map(resultJson) }),
        ...(serverSubscriptions.length > 0 && {
          serverSubscriptions: serverSubscriptions.map(resultJson)
        })
      }
      return JSON.stringify({ ...connected, ...results })
    }
    case "subscribed":
      return JSON.stringify(subscribedJson(payload.value))
    case "unsubscribed": {
      const { channel, reason } = payload.value
      return JSON.stringify(reason === "" ? { channel } : { channel, reason })
    }
    case "error":
      return JSON.stringify(errorJson(payload.value))
    default:
      return JSON.stringify(payload.value)
  }
}

/** One frame in JSON. `id` 0: unasked. */
export const serverFrameJson = (id: number, ts: number, payload: ServerPayload): string =>
  `{"type":"${payload.$case}",${id === 0 ? "" : `"id":${id},`}"ts":${ts},"payload":${payloadJson(payload)}}`

const encodeProto = (id: number, ts: number, payload: ServerPayload): Uint8Array =>
  ServerFrame.encode({ id, ts, payload }, new BinaryWriter().fork()).join().finish()

/** One frame as the payload of one message of the transport. `id` 0: unasked. */
export const encodeServerFrame = (
  format: WireFormat,
  id: number,
  ts: number,
  payload: ServerPayload
): Uint8Array =>
  format === "json"
    ? encoder.encode(serverFrameJson(id, ts, payload))
    : encodeProto(id, ts, payload)

/** Field 7, wire type 2: `ServerFrame.publication`. */
const publicationTag = (7 << 3) | 2
/** Field 2, wire type 0: `ServerFrame.ts`. */
const tsTag = (2 << 3) | 0

const publicationRecord = (ts: number, bytes: Uint8Array): Uint8Array => {
  const frameBytes = 2 + varintBytes(ts) + varintBytes(bytes.byteLength) + bytes.byteLength
  const record = Buffer.allocUnsafeSlow(varintBytes(frameBytes) + frameBytes)
  let at = writeVarint(record, frameBytes, 0)
  record[at++] = tsTag
  at = writeVarint(record, ts, at)
  record[at++] = publicationTag
  at = writeVarint(record, bytes.byteLength, at)
  record.set(bytes, at)
  return record
}

/** A pushed publication. In protobuf the owner's bytes pass through as they are. */
export const encodePublicationFrame = (
  format: WireFormat,
  ts: number,
  { publication, bytes }: EncodedPublication
): Uint8Array =>
  format === "json" ? publicationEnvelope(ts, publication) : publicationRecord(ts, bytes)

const comma = encoder.encode(",")

/** Several frames as the payload of one message: an array in JSON, one record after another else. */
export const joinFrames = (format: WireFormat, frames: ReadonlyArray<Uint8Array>): Uint8Array =>
  format === "proto"
    ? Buffer.concat(frames)
    : Buffer.concat([
        encoder.encode("["),
        ...frames.flatMap((frame, index) => (index === 0 ? [frame] : [comma, frame])),
        encoder.encode("]")
      ])
