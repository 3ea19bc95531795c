/**
 * ReservedBits: bits and opcodes that mean nothing as long as no extension says so.
 */
import { type Case, type Family, pingEnvelope, range } from "../Case.ts"
import { continuation, frame, opcodes, text } from "../RawFrame.ts"

const bitsOf = (rsv: number): string =>
  [1, 2, 3].filter((bit) => (rsv & (8 >> bit)) !== 0).join(" and ")

const combinations = range(7, 1)

const onFrames = (
  [
    ["text", opcodes.text, pingEnvelope()],
    ["binary", opcodes.binary, "x"],
    ["ping", opcodes.ping, "x"],
    ["pong", opcodes.pong, "x"],
    ["close", opcodes.close, Uint8Array.of(3, 232)]
  ] as const
).flatMap(([kind, opcode, payload]) =>
  combinations.map(
    (rsv): Case => ({
      title: `ends a ${kind} with the reserved bit ${bitsOf(rsv)}`,
      section: "§5.2",
      sends: [frame(opcode, payload, { rsv })],
      ends: "1002"
    })
  )
)

const onContinuations = combinations.map(
  (rsv): Case => ({
    title: `ends a continuation with the reserved bit ${bitsOf(rsv)}`,
    section: "§5.2",
    sends: [text("{", { fin: false }), continuation("}", { rsv })],
    ends: "1002"
  })
)

const behind = combinations.map(
  (rsv): Case => ({
    title: `answers what was right before it ends a text with the reserved bit ${bitsOf(rsv)}`,
    section: "§5.2",
    sends: [text(pingEnvelope()), "answered", text(pingEnvelope(), { rsv })],
    answers: ["pong 7"],
    ends: "1002"
  })
)

export const reservedBits: Family = {
  name: "reserved bits",
  cases: [...onFrames, ...onContinuations, ...behind]
}

const reserved = [...range(5, 3), ...range(5, 11)]

export const reservedOpcodes: Family = {
  name: "reserved opcodes",
  cases: reserved.flatMap((opcode): ReadonlyArray<Case> => {
    const what = `the opcode ${opcode}`
    const section = "§5.2, §11.8"
    return [
      { title: `ends ${what}`, section, sends: [frame(opcode)], ends: "1002" },
      {
        title: `ends ${what} with a payload`,
        section,
        sends: [frame(opcode, pingEnvelope())],
        ends: "1002"
      },
      {
        title: `ends ${what} between fragments`,
        section,
        sends: [text("{", { fin: false }), frame(opcode, "x")],
        ends: "1002"
      },
      {
        title: `ends ${what} behind a message, which is answered`,
        section,
        sends: [text(pingEnvelope()), "answered", frame(opcode, "x")],
        answers: ["pong 7"],
        ends: "1002"
      }
    ]
  })
}
