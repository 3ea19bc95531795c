/**
 * Envelopes: what Weir's own protocol makes of messages that RFC 6455 allows (docs/protocol.md).
 */
import { encodeFrame, toRecord } from "../../harness/ProtoClient.ts"
import {
  type Case,
  echoChannel,
  echoEnvelope,
  type Family,
  hex,
  pingEnvelope,
  pingEnvelopeOf,
  range,
  stillThere
} from "../Case.ts"
import { binary, byteByByte, cutAt, fragments, frame, text } from "../RawFrame.ts"

const section = "docs/protocol.md"

const envelope = (type: string, id?: unknown, payload: object = {}) =>
  text(JSON.stringify({ type, id, payload }))

const record = (type: string, id: number, payload: object = {}) =>
  toRecord(encodeFrame({ type, id, payload }))

const pingRecord = record("ping", 7)
const noRecord = Uint8Array.of(5, 1)

const list = (count: number) =>
  text(JSON.stringify(range(count, 1).map((id) => ({ type: "ping", id, payload: {} }))))

const first = (
  [
    ["a request", text(pingEnvelope())],
    ["an empty text", text("")],
    ["no JSON", text("{")],
    ["a binary", binary(pingEnvelope())],
    ["a pong", envelope("pong")],
    ["a text over the limit", text(pingEnvelopeOf(65_537))],
    ["an empty array", text("[]")],
    ["a connect without a payload", text('{"type":"connect","id":1}')]
  ] as const
).map(
  ([what, bytes]): Case => ({
    title: `ends ${what} where connect has to be`,
    section,
    from: "opened",
    sends: [bytes],
    ends: "3501 bad_request"
  })
)

const firstRecords = (
  [
    ["a request", binary(pingRecord)],
    ["an empty binary", binary("")],
    ["no record", binary(noRecord)],
    ["a text", text(pingEnvelope())]
  ] as const
).map(
  ([what, bytes]): Case => ({
    title: `ends ${what} where a record of connect has to be`,
    section,
    from: "opened",
    format: "proto",
    sends: [bytes],
    ends: "3501 bad_request"
  })
)

const refused = (
  [
    ["a binary", binary(pingEnvelope()), "error bad_request"],
    ["a binary in fragments", Buffer.concat(fragments(["{", "}"], 2)), "error bad_request"],
    ["no JSON", text("{"), "error bad_request"],
    ["JSON behind a byte order mark", text(`\ufeff${pingEnvelope()}`), "error bad_request"],
    ["JSON with a line break in a string", text(echoEnvelope("a\nb")), "error bad_request"],
    ["JSON with a NUL in a string", text(echoEnvelope("a\0b")), "error bad_request"],
    ["a number", text("7"), "error bad_request"],
    ["an empty array", text("[]"), "error bad_request"],
    ["65 envelopes", list(65), "error bad_request"],
    ["a type that there is not", envelope("shout", 7), "error 7 unknown_type"],
    ["an id of 0", envelope("ping", 0), "error bad_request"],
    ["an id that is text", envelope("ping", "7"), "error bad_request"],
    ["a second connect", envelope("connect", 9, { versions: ["1"] }), "error 9 bad_request"],
    ["half a surrogate pair as an escape", text(echoEnvelope("\\ud800")), "error 8 bad_request"]
  ] as const
).map(
  ([what, bytes, answer]): Case => ({
    title: `refuses ${what}, and goes on`,
    section,
    sends: [bytes, ...stillThere],
    answers: [answer, "pong 7"]
  })
)

const third = (
  [
    ["no JSON", text("{"), "bad_request"],
    ["a binary", binary("x"), "bad_request"],
    ["an empty text", text(""), "bad_request"],
    ["a text over the limit", text(pingEnvelopeOf(65_537)), "payload_too_large"]
  ] as const
).map(
  ([what, bytes, code]): Case => ({
    title: `ends the third message in a row that is ${what}`,
    section,
    sends: [bytes, bytes, bytes],
    answers: range(3).map(() => `error ${code}`),
    ends: "3501 bad_request"
  })
)

const answered: ReadonlyArray<Case> = [
  ...[1, 2, 20, 50].map(
    (count): Case => ({
      title: `answers ${count} envelopes of one message, each of them`,
      section,
      sends: [list(count)],
      answers: range(count, 1).map((id) => `pong ${id}`)
    })
  ),
  {
    title: "answers the ids that may be",
    section,
    sends: [envelope("ping", 1), envelope("ping", 2 ** 31 - 1)],
    answers: ["pong 1", `pong ${2 ** 31 - 1}`]
  },
  {
    title: "answers JSON with spaces and line breaks around it",
    section,
    sends: [text(` \r\n\t${pingEnvelope()}\n`)],
    answers: ["pong 7"]
  },
  {
    title: "brings a line break that was an escape as an escape",
    section,
    from: "echo",
    sends: [text(echoEnvelope("a\\r\\nb\\u0000c"))],
    answers: [`publication ${JSON.stringify("a\r\nb\0c")}`]
  }
]

const everyByte = Uint8Array.from(range(256))

const publishRecord = (data: Uint8Array) =>
  record("publish", 8, { channel: echoChannel, data, contentType: "application/octet-stream" })

const echoed = {
  format: "proto",
  from: "echo",
  answers: [`publication ${hex(everyByte)}`]
} as const

const records: ReadonlyArray<Case> = [
  {
    title: "brings a record with every byte as it is",
    section: "§5.6",
    sends: [binary(publishRecord(everyByte))],
    ...echoed
  },
  {
    title: "brings a record with every byte in 64 fragments as it is",
    section: "§5.4",
    sends: fragments(cutAt(publishRecord(everyByte), ...range(63, 1).map((n) => 4 * n)), 2),
    ...echoed
  },
  {
    title: "brings a record with every byte, TCP bringing it byte by byte, as it is",
    section: "§5.2",
    sends: byteByByte(binary(publishRecord(everyByte))),
    ...echoed
  },
  {
    title: "answers two records of one message, each of them",
    section,
    format: "proto",
    sends: [binary(Buffer.concat([record("ping", 1), record("ping", 2)]))],
    answers: ["pong 1", "pong 2"]
  },
  ...range(pingRecord.length - 1, 1).map(
    (place): Case => ({
      title: `answers a record in fragments, cut behind ${place} bytes`,
      section: "§5.4",
      format: "proto",
      sends: fragments(cutAt(pingRecord, place), 2),
      answers: ["pong 7"]
    })
  ),
  ...(
    [
      ["a text", text(pingEnvelope())],
      ["an empty binary", binary("")],
      ["a record that is cut off", binary(pingRecord.subarray(0, 2))],
      ["a length that has no end", binary(new Uint8Array(11).fill(255))],
      ["bytes that are no frame", binary(Uint8Array.of(2, 7, 7))]
    ] as const
  ).map(
    ([what, bytes]): Case => ({
      title: `refuses ${what} where records have to be, and goes on`,
      section,
      format: "proto",
      sends: [bytes, binary(pingRecord)],
      answers: ["error bad_request", "pong 7"]
    })
  ),
  {
    title: "ends a text that is no UTF-8 where records have to be",
    section: "§8.1",
    format: "proto",
    sends: [frame(1, Uint8Array.of(255))],
    ends: "1007"
  }
]

export const envelopes: Family = {
  name: "envelopes and records",
  cases: [...first, ...firstRecords, ...refused, ...third, ...answered, ...records]
}
