/**
 * Both codecs of the SDK, against the server's own: they ask and understand the same.
 */
import { assert, describe, it } from "@effect/vitest"
import { decodeData } from "@weir/client/Data"
import type { ClientType, ServerEnvelope } from "@weir/client/Envelope"
import { jsonCodec } from "@weir/client/JsonCodec"
import { protobufCodec } from "@weir/client/ProtobufCodec"
import type { Decoded } from "@weir/wire/ClientFrames"
import { decodeJson } from "@weir/wire/JsonClientFrames"
import { decodeProto } from "@weir/wire/ProtoClientFrames"
import { encodeServerFrame, joinFrames, type ServerPayload } from "@weir/wire/ServerFrames"

const position = { epoch: "k3f9", term: 3_659_914_313_728_007, offset: 42 }
const bytes = (text: string) => new TextEncoder().encode(text)

const text = { data: "one\ntwo", contentType: "text/plain", encoding: "text" }
const binary = { data: new Uint8Array([0, 255]), contentType: "image/png", encoding: "base64" }

const requests: ReadonlyArray<readonly [ClientType, object]> = [
  [
    "connect",
    {
      token: "t",
      versions: ["1"],
      client: "test/1",
      batch: true,
      subscriptions: [
        { channel: "a:b", since: position, presence: true },
        { channel: "a:c", rewind: { last: 5 }, member: { data: { colour: "teal" } } },
        { channel: "a:d", rewind: { since: 1_732_345_678_901 }, member: { data: null } }
      ]
    }
  ],
  ["connect", { ticket: "t", versions: ["1"], client: "", batch: false, subscriptions: [] }],
  ["subscribe", { channel: "a:b", rewind: { last: 5 }, member: text, presence: true }],
  ["subscribe", { channel: "a:b", since: position, member: binary }],
  ["subscribe", { channel: "a:b", rewind: { last: 0 } }],
  ["unsubscribe", { channel: "a:b" }],
  ["publish", { channel: "a:b", messageId: "m-1", data: { text: "hi", n: [1, null] } }],
  ["publish", { channel: "a:b", messageId: "m-2", ...text }],
  ["publish", { channel: "a:b", messageId: "m-3", ...binary }],
  ["signal", { channel: "a:b", data: { x: 1 } }],
  ["signal", { channel: "a:b", ...text }],
  ["history", { channel: "a:b" }],
  ["history", { channel: "a:b", after: 7, limit: 10, reverse: true }],
  ["presence", { channel: "a:b", counts: true }],
  ["presence", { channel: "a:b", limit: 10, after: "m-7" }],
  ["refresh", { token: "t" }],
  ["pong", {}]
]

const publication = {
  channel: "a:b",
  position,
  messageId: "m-1",
  key: "",
  publisher: "ann",
  publishedAt: 1_732_345_678_901,
  contentType: "",
  data: bytes(`{"text":"hi","n":[1,null]}`)
}
const texts = { ...publication, contentType: "text/plain", data: bytes("one\ntwo") }
const picture = { ...publication, contentType: "image/png", data: new Uint8Array([0, 255]) }
const member = { id: "m", user: "ann", joinedAt: 5, contentType: "", data: bytes(`{"a":1}`) }
const bare = { ...member, data: new Uint8Array(), contentType: "" }
const subscribed = {
  channel: "a:b",
  position,
  recovered: false,
  reason: "trimmed",
  next: 40,
  delivery: "all",
  grant: ""
}
const error = { code: "too_many_requests", message: "slower, please", retryAfterMs: 500 }

const answers: ReadonlyArray<ServerPayload> = [
  {
    $case: "connected",
    value: {
      version: "1",
      session: "s",
      ticket: "t",
      user: "ann",
      heartbeatMs: 25_000,
      expiresAt: 1_732_345_678_901,
      subscriptions: [
        { result: { $case: "subscribed", value: subscribed } },
        { result: { $case: "error", value: error } }
      ],
      features: ["batch", "rpc"],
      serverSubscriptions: [{ result: { $case: "subscribed", value: subscribed } }]
    }
  },
  { $case: "subscribed", value: { ...subscribed, recovered: true, reason: "" } },
  { $case: "unsubscribed", value: { channel: "a:b", reason: "" } },
  { $case: "unsubscribed", value: { channel: "a:b", reason: "permission_denied" } },
  { $case: "published", value: { position, duplicate: true } },
  { $case: "publication", value: publication },
  { $case: "publication", value: texts },
  { $case: "publication", value: picture },
  { $case: "publication", value: { ...publication, messageId: "", data: bytes("null") } },
  {
    $case: "gap",
    value: { channel: "a:b", reason: "dropped", from: 43, to: 57, position }
  },
  {
    $case: "gap",
    value: { channel: "a:b", reason: "epoch_changed", from: undefined, to: undefined, position }
  },
  {
    $case: "history",
    value: { channel: "a:b", position, publications: [publication, texts, picture], next: 3 }
  },
  { $case: "history", value: { channel: "a:b", position, publications: [], next: 0 } },
  {
    $case: "presence",
    value: { channel: "a:b", members: [member, bare], memberCount: 2, userCount: 1, next: "m" }
  },
  {
    $case: "presenceChange",
    value: { channel: "a:b", joined: [member], left: [bare], reset: true }
  },
  {
    $case: "signal",
    value: { ...texts, channel: "a:b", publisher: "ann", member: "m" }
  },
  { $case: "refreshed", value: { expiresAt: 5, ticket: "t" } },
  { $case: "expiring", value: { expiresAt: 5 } },
  { $case: "goaway", value: { code: 3001, closeInMs: 1_000, afterMs: { min: 100, max: 900 } } },
  { $case: "error", value: error },
  { $case: "ping", value: {} },
  { $case: "pong", value: {} }
]

const asArrayBuffer = (from: Uint8Array): ArrayBuffer => new Uint8Array(from).buffer

const readJson = (message: Uint8Array) => jsonCodec.read(new TextDecoder().decode(message))
const readProtobuf = (message: Uint8Array) => protobufCodec.read(asArrayBuffer(message))

/** What the program would see: data decoded, and nothing that is empty. */
const meant = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(meant)
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value
  const { encoding, ...others } = value as Record<string, unknown>
  const decoded = "data" in value ? { ...others, ...decodeData(value) } : others
  return Object.fromEntries(
    Object.entries(decoded)
      .map(([key, it]) => [key, key === "data" ? it : meant(it)] as const)
      .filter(([key, it]) => key === "data" || !isEmpty(it))
  )
}

const isEmpty = (value: unknown): boolean =>
  [undefined, "", 0, false].includes(value as string) ||
  (Array.isArray(value) && value.length === 0)

/** Of those who left, only who they were is told in JSON. */
const withoutData = ({ payload, ...frame }: ServerEnvelope) => {
  const left = "left" in payload ? payload.left?.map(({ id, user }) => ({ id, user })) : undefined
  return meant({ ...frame, payload: left === undefined ? payload : { ...payload, left } })
}

describe("the SDK's codecs", () => {
  it.each(requests)("ask the same with %s %j", (type, payload) => {
    const json = jsonCodec.message(type, 7, jsonCodec.payload(type, payload))
    const protobuf = protobufCodec.message(type, 7, protobufCodec.payload(type, payload))

    const asked = decodeProto(protobuf as Uint8Array)
    assert.deepStrictEqual(asked, decodeJson(json as string))
    assert.deepInclude(asked[0] as Decoded, { _tag: "Frame", id: 7 })
  })

  it.each(answers.map((payload) => [payload.$case, payload] as const))(
    "understand the same by %s",
    (_type, payload) => {
      const json = readJson(encodeServerFrame("json", 7, 1_000, payload))
      const protobuf = readProtobuf(encodeServerFrame("proto", 7, 1_000, payload))

      assert.deepStrictEqual(protobuf.map(withoutData), json.map(withoutData))
      assert.lengthOf(json, 1)
    }
  )

  it("read a batch in its order", () => {
    const batch = (format: "json" | "proto") =>
      joinFrames(
        format,
        answers.map((payload) => encodeServerFrame(format, 0, 1_000, payload))
      )

    const json = readJson(batch("json"))

    assert.lengthOf(json, answers.length)
    assert.deepStrictEqual(readProtobuf(batch("proto")).map(withoutData), json.map(withoutData))
  })
})
