/**
 * ProtobufCodec: records of `weir.client.v1`, each a varint length and a frame.
 *
 * Smaller than JSON, and bytes stay bytes. An entry of its own, so that who does not use
 * it does not load the generated code.
 */
import { BinaryReader, BinaryWriter } from "@bufbuild/protobuf/wire"
import { ClientFrame, ServerFrame, type SubscribeResult } from "@weir/proto/client/v1/client"
import type { Codec } from "./Codec.ts"
import { bytesOf, type EncodedData, JSON_TYPE, TEXT_TYPE } from "./Data.ts"
import type { ClientType, ConnectPayload, ServerEnvelope, SubscribePayload } from "./Envelope.ts"

type ServerValue = NonNullable<ServerFrame["payload"]>

const decoder = new TextDecoder("utf-8", { ignoreBOM: true })

const encodedOf = (it: EncodedData) => ({ contentType: it.contentType ?? "", data: bytesOf(it) })

const subscribeOf = ({ member, rewind, ...others }: SubscribePayload) => ({
  ...others,
  ...(member === undefined ? {} : { member: member.data === undefined ? {} : encodedOf(member) }),
  ...(rewind === undefined
    ? {}
    : {
        rewind: {
          from:
            rewind.last === undefined
              ? { $case: "since" as const, value: rewind.since ?? 0 }
              : { $case: "last" as const, value: rewind.last }
        }
      })
})

const valueOf = (type: ClientType, payload: object): object => {
  switch (type) {
    case "connect": {
      const { subscriptions, ...others } = payload as ConnectPayload
      return { ...others, subscriptions: subscriptions.map(subscribeOf) }
    }
    case "subscribe":
      return subscribeOf(payload as SubscribePayload)
    case "publish":
    case "rpc":
    case "signal":
      return { ...payload, ...encodedOf(payload as EncodedData) }
    default:
      return payload
  }
}

/** JSON that another client published is JSON: the server has checked it. */
const dataOf = (contentType: string, data: Uint8Array): EncodedData => {
  if (contentType === "" || contentType === JSON_TYPE) {
    return { contentType, data: data.length === 0 ? null : JSON.parse(decoder.decode(data)) }
  }
  if (contentType === TEXT_TYPE) {
    return { contentType, data: decoder.decode(data), encoding: "text" }
  }
  // Not a view: the program may keep it, and would keep the whole message alive.
  return { contentType, data: data.slice(), encoding: "base64" }
}

const withData = <T extends { readonly contentType: string; readonly data: Uint8Array }>(
  it: T
) => ({
  ...it,
  ...dataOf(it.contentType, it.data)
})

const resultOf = ({ result }: SubscribeResult) =>
  result === undefined ? {} : { [result.$case]: result.value }

const payloadOf = (payload: ServerValue): object => {
  switch (payload.$case) {
    case "publication":
    case "rpcResult":
    case "signal":
      return withData(payload.value)
    case "history":
      return { ...payload.value, publications: payload.value.publications.map(withData) }
    case "presence":
      return { ...payload.value, members: payload.value.members.map(withData) }
    case "presenceChange":
      return { ...payload.value, joined: payload.value.joined.map(withData) }
    case "connected": {
      const { serverSubscriptions, subscriptions } = payload.value
      return {
        ...payload.value,
        subscriptions: subscriptions.map(resultOf),
        serverSubscriptions: serverSubscriptions.map(resultOf)
      }
    }
    default:
      return payload.value
  }
}

const envelopeOf = ({ id, payload, ts }: ServerFrame): ServerEnvelope | undefined => {
  // A type of a later version.
  if (payload === undefined) return undefined
  const envelope = { type: payload.$case, ts, payload: payloadOf(payload) }
  return (id === 0 ? envelope : { ...envelope, id }) as ServerEnvelope
}

/** `ClientFrame.id`. */
const idTag = 1 << 3

export const protobufCodec: Codec = {
  protocol: "weir.v1.proto",
  payload: (type, payload) => {
    const value = valueOf(type, payload)
    return ClientFrame.encode(
      ClientFrame.fromPartial({ payload: { $case: type, value } } as Partial<ClientFrame>)
    ).finish()
  },
  message: (_type, id, payload) => {
    const record = new BinaryWriter().fork()
    if (id > 0) record.uint32(idTag).uint32(id)
    return record
      .raw(payload as Uint8Array)
      .join()
      .finish()
  },
  read: (message) => {
    if (!(message instanceof ArrayBuffer)) throw new TypeError("the server sent a text message")
    const reader = new BinaryReader(new Uint8Array(message))
    const envelopes: Array<ServerEnvelope> = []
    while (reader.pos < reader.len) {
      const envelope = envelopeOf(ServerFrame.decode(reader, reader.uint32()))
      if (envelope !== undefined) envelopes.push(envelope)
    }
    return envelopes
  }
}
