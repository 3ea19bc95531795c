/**
 * Lengths: payloads of every size, in every form that a length has, and masks.
 */
import { type Case, type Family, pingEnvelope, pingEnvelopeOf } from "../Case.ts"
import {
  binary,
  close,
  continuation,
  fragments,
  frame,
  opcodes,
  ping,
  pong,
  text
} from "../RawFrame.ts"

const limit = 65_536
const readLimit = 4 * limit

const answered = [22, 23, 64, 124, 125, 126, 127, 128, 255, 256, 65_535, limit].map(
  (bytes): Case => ({
    title: `answers a text of ${bytes} bytes`,
    section: "§5.2",
    sends: [text(pingEnvelopeOf(bytes))],
    answers: ["pong 7"]
  })
)

/** Legal frames with something that is no request. */
const short = [
  ["text", text],
  ["binary", binary]
].flatMap(([kind, make]) =>
  [0, 1].map(
    (bytes): Case => ({
      title: `reads a ${kind} of ${bytes} bytes, which is no request`,
      section: "§5.2",
      sends: [(make as typeof text)("7".repeat(bytes)), text(pingEnvelope())],
      answers: ["error bad_request", "pong 7"]
    })
  )
)

const refused = [limit + 1, 2 * limit, readLimit - 1, readLimit].map(
  (bytes): Case => ({
    title: `reads a text of ${bytes} bytes and refuses what it says`,
    section: "§5.2; ours: 64 KiB",
    sends: [text(pingEnvelopeOf(bytes)), text(pingEnvelope())],
    answers: ["error payload_too_large", "pong 7"]
  })
)

const topBit =
  "A length with its highest bit set ends with 1009, not 1002: it is too long either way"

const tooLong = (
  [
    [`${readLimit + 1} bytes`, BigInt(readLimit + 1)],
    ["1 MiB", 2n ** 20n],
    ["2^31 bytes", 2n ** 31n],
    ["2^32 bytes", 2n ** 32n],
    ["2^53 - 1 bytes", 2n ** 53n - 1n],
    ["2^53 bytes", 2n ** 53n],
    ["2^63 - 1 bytes", 2n ** 63n - 1n],
    ["2^63 bytes", 2n ** 63n, topBit],
    ["2^64 - 1 bytes", 2n ** 64n - 1n, topBit]
  ] as ReadonlyArray<[string, bigint, string?]>
).flatMap(([what, length, nonStrict]) =>
  [opcodes.text, opcodes.binary].map(
    (opcode): Case => ({
      title: `ends a ${opcode === opcodes.text ? "text" : "binary"} that is to have ${what} before they come`,
      section: nonStrict === undefined ? "§7.4.1, §10.4" : "§5.2",
      sends: [frame(opcode, "", { length })],
      ends: "1009",
      ...(nonStrict === undefined ? {} : { nonStrict })
    })
  )
)

const quarter = "x".repeat(limit)

const tooLongTogether: ReadonlyArray<Case> = [
  {
    title: `reads ${readLimit} bytes in four fragments, and refuses what they say`,
    section: "§5.4; ours: 64 KiB",
    sends: [...fragments([quarter, quarter, quarter, quarter]), text(pingEnvelope())],
    answers: ["error payload_too_large", "pong 7"]
  },
  {
    title: `ends fragments with more than ${readLimit} bytes together`,
    section: "§7.4.1, §10.4",
    sends: fragments([quarter, quarter, quarter, quarter, "x"]),
    ends: "1009"
  },
  {
    title: `ends fragments that would have more than ${readLimit} bytes before the last one comes`,
    section: "§7.4.1, §10.4",
    sends: [text(quarter, { fin: false }), continuation("", { length: 2n ** 32n })],
    ends: "1009"
  }
]

const longer = "A length in more bytes than it needs (§5.2) is read all the same: it costs nothing"

const notMinimal = (
  [
    ["22 bytes in 16 bits", 22, 16],
    ["22 bytes in 64 bits", 22, 64],
    ["125 bytes in 16 bits", 125, 16],
    ["125 bytes in 64 bits", 125, 64],
    ["126 bytes in 64 bits", 126, 64],
    ["65535 bytes in 64 bits", 65_535, 64]
  ] as const
).map(
  ([what, bytes, lengthBits]): Case => ({
    title: `answers a text that says its ${what}`,
    section: "§5.2",
    sends: [text(pingEnvelopeOf(bytes), { lengthBits })],
    answers: ["pong 7"],
    nonStrict: longer
  })
)

const notMinimalControl = ([16, 64] as const).flatMap((lengthBits) =>
  (
    [
      ["ping", opcodes.ping],
      ["pong", opcodes.pong],
      ["close", opcodes.close]
    ] as const
  ).map(
    ([kind, opcode]): Case => ({
      title: `ends a ${kind} that says its 2 bytes in ${lengthBits} bits`,
      section: "§5.5",
      sends: [frame(opcode, Uint8Array.of(3, 232), { lengthBits })],
      ends: "1002"
    })
  )
)

const masks = [
  ["of zeros", 0, 0, 0, 0],
  ["of ones", 255, 255, 255, 255],
  ["that begins with zeros", 0, 0, 0, 1],
  ["that ends with zeros", 1, 0, 0, 0],
  ["of four bytes", 18, 52, 86, 120]
].flatMap(([what, ...bytes]): ReadonlyArray<Case> => {
  const mask = Uint8Array.from(bytes as ReadonlyArray<number>)
  return [
    {
      title: `answers a text with a mask ${what}`,
      section: "§5.3",
      sends: [text(pingEnvelopeOf(127), { mask })],
      answers: ["pong 7"]
    },
    {
      title: `answers a ping with a mask ${what}`,
      section: "§5.3",
      sends: [ping("masked", { mask })],
      pongs: [Buffer.from("masked").toString("hex")]
    }
  ]
})

const unmasked = (
  [
    ["text", text(pingEnvelope(), { mask: "none" })],
    ["text of 126 bytes", text(pingEnvelopeOf(126), { mask: "none" })],
    ["text of 65536 bytes", text(pingEnvelopeOf(65_536), { mask: "none" })],
    ["empty text", text("", { mask: "none" })],
    ["binary", binary("x", { mask: "none" })],
    ["ping", ping("x", { mask: "none" })],
    ["pong", pong("x", { mask: "none" })],
    ["close", close(1000, "", { mask: "none" })]
  ] as const
).map(
  ([kind, bytes]): Case => ({
    title: `ends a ${kind} without a mask`,
    section: "§5.1",
    sends: [bytes],
    ends: "1002"
  })
)

export const lengths: Family = {
  name: "lengths",
  cases: [
    ...answered,
    ...short,
    ...refused,
    ...tooLong,
    ...tooLongTogether,
    ...notMinimal,
    ...notMinimalControl
  ]
}

export const masking: Family = {
  name: "masks",
  cases: [
    ...masks,
    ...unmasked,
    {
      title: "ends a fragment without a mask behind one that has it",
      section: "§5.1",
      sends: [text("{", { fin: false }), continuation("}", { mask: "none" })],
      ends: "1002"
    }
  ]
}
