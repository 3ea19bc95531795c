/**
 * Closes: how a client says goodbye, and how it may not.
 */
import { type Case, type Family, hex, pingEnvelope, range } from "../Case.ts"
import { byteByByte, close, cutAt, frame, opcodes, ping, text } from "../RawFrame.ts"

const valid = [
  1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3001, 3500, 3999,
  4000, 4499, 4500, 4999
].flatMap((code): ReadonlyArray<Case> => {
  const section = "§5.5.1, §7.4"
  return [
    {
      title: `answers a close ${code} with the same`,
      section,
      sends: [close(code)],
      ends: `${code}`
    },
    {
      title: `answers a close ${code} and its reason with the same`,
      section,
      sends: [close(code, "so be it")],
      ends: `${code} so be it`
    }
  ]
})

const invalid = [
  0, 1, 100, 999, 1004, 1005, 1006, 1015, 1016, 1100, 1999, 2000, 2999, 5000, 9999, 65_535
].flatMap((code): ReadonlyArray<Case> => {
  const section = "§7.4"
  return [
    { title: `ends a close ${code} with 1002`, section, sends: [close(code)], ends: "1002" },
    {
      title: `ends a close ${code} with a reason with 1002`,
      section,
      sends: [close(code, "so be it")],
      ends: "1002"
    }
  ]
})

const reasons = [0, 1, 2, 22, 23, 121, 122, 123].map(
  (bytes): Case => ({
    title: `answers a close with a reason of ${bytes} bytes`,
    section: "§5.5, §5.5.1",
    sends: [close(1000, "r".repeat(bytes))],
    ends: `1000 ${"r".repeat(bytes)}`.trim()
  })
)

const forms: ReadonlyArray<Case> = [
  {
    title: "answers a close without a code with one without a code",
    section: "§5.5.1, §7.1.5",
    sends: [close()],
    ends: "no code"
  },
  {
    title: "ends a close with half a code",
    section: "§5.5.1",
    sends: [frame(opcodes.close, Uint8Array.of(3))],
    ends: "1002"
  },
  {
    title: "ends a close with a reason of 124 bytes",
    section: "§5.5",
    sends: [close(1000, "r".repeat(124))],
    ends: "1002"
  },
  {
    title: "answers a close with a reason in another script",
    section: "§5.5.1",
    sends: [close(1000, "κόσμε 漢字 👋🏽")],
    ends: "1000 κόσμε 漢字 👋🏽"
  },
  {
    title: "answers a close with a reason of 123 bytes that are fewer characters",
    section: "§5.5.1",
    sends: [close(1000, "漢".repeat(41))],
    ends: `1000 ${"漢".repeat(41)}`
  },
  {
    title: "ends a close whose reason ends within a character",
    section: "§5.5.1, §8.1",
    sends: [close(1000, Buffer.from("漢".repeat(41)).subarray(0, 122))],
    ends: "1007"
  },
  {
    title: "answers a close that comes byte by byte",
    section: "§5.5.1",
    sends: byteByByte(close(1001, "slowly")),
    ends: "1001 slowly"
  },
  ...range(7, 1).map(
    (place): Case => ({
      title: `answers a close that is cut behind ${place} bytes`,
      section: "§5.5.1",
      sends: cutAt(close(1000), place),
      ends: "1000"
    })
  )
]

/** What comes behind a close, in the same segment and in the next one. */
const behind = (
  [
    ["a text", text(pingEnvelope())],
    ["a ping", ping("late")],
    ["another close", close(1001, "again")],
    ["a frame that is wrong", frame(3)],
    ["half a frame", text(pingEnvelope()).subarray(0, 9)],
    ["what is no frame", Buffer.from("GET / HTTP/1.1\r\n\r\n")]
  ] as const
).flatMap(
  ([what, bytes]): ReadonlyArray<Case> => [
    {
      title: `reads nothing behind a close: ${what}, in its segment`,
      section: "§5.5.1",
      sends: [Buffer.concat([close(1000), bytes])],
      ends: "1000"
    },
    {
      title: `reads nothing behind a close: ${what}, in the next segment`,
      section: "§5.5.1",
      sends: [close(1000), bytes],
      ends: "1000"
    },
    {
      title: `reads nothing behind what it has ended: ${what}`,
      section: "§7.1.7",
      sends: [Buffer.concat([frame(3), bytes])],
      ends: "1002"
    }
  ]
)

const otherwise: ReadonlyArray<Case> = [
  {
    title: "answers what came before a close, and then the close",
    section: "§5.5.1",
    sends: [text(pingEnvelope()), ping("first"), "answered", close(1000)],
    answers: ["pong 7"],
    pongs: [hex("first")],
    ends: "1000"
  },
  {
    title: "answers a close before it knows who is there",
    section: "§5.5.1",
    from: "opened",
    sends: [close(1000, "never mind")],
    ends: "1000 never mind"
  },
  {
    title: "ends with a client that goes without a close",
    section: "§7.1.5",
    sends: ["end"],
    ends: "cut"
  }
]

export const closes: Family = {
  name: "closes",
  cases: [...valid, ...invalid, ...reasons, ...forms, ...behind, ...otherwise]
}
