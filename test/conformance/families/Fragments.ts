/**
 * Fragments: messages in several frames, and frames in several segments of TCP.
 */
import {
  type Case,
  echoEnvelope,
  type Family,
  pingEnvelope,
  pingEnvelopeOf,
  range
} from "../Case.ts"
import {
  binary,
  byteByByte,
  close,
  continuation,
  cutAt,
  fragments,
  ping,
  text
} from "../RawFrame.ts"

const envelope = pingEnvelope()
/** So many fragments a message may have. */
const limit = 64

const inTwo = range(envelope.length + 1).map(
  (place): Case => ({
    title: `answers a text in fragments of ${place} and ${envelope.length - place} bytes`,
    section: "§5.4",
    sends: fragments(cutAt(envelope, place)),
    answers: ["pong 7"]
  })
)

/** The envelope in fragments of a byte each, and the rest of so many without any. */
const inMany = (count: number) =>
  fragments([...byteByByte(envelope), ...range(count - envelope.length).map(() => "")])

const many: ReadonlyArray<Case> = [
  ...[envelope.length, limit - 1, limit].map(
    (count): Case => ({
      title: `answers a text in ${count} fragments`,
      section: "§5.4",
      sends: [Buffer.concat(inMany(count))],
      answers: ["pong 7"]
    })
  ),
  ...[limit + 1, limit + 64].map(
    (count): Case => ({
      title: `ends a text in ${count} fragments`,
      section: "§7.4.1, §10.4; ours: 64",
      sends: [Buffer.concat(inMany(count))],
      ends: "1008"
    })
  ),
  {
    title: "ends a text of empty fragments that has no end",
    section: "§7.4.1, §10.4; ours: 64",
    sends: [text("", { fin: false }), ...range(limit).map(() => continuation("", { fin: false }))],
    ends: "1008"
  },
  {
    title: "counts the fragments of each message anew",
    section: "§5.4",
    sends: [Buffer.concat([...inMany(limit), ...inMany(limit)])],
    answers: ["pong 7", "pong 7"]
  },
  {
    title: "does not count pings between fragments",
    section: "§5.4",
    sends: [Buffer.concat(inMany(limit).flatMap((it, n) => (n % 2 === 0 ? [it] : [ping(), it])))],
    answers: ["pong 7"],
    pongs: range(limit / 2).map(() => "")
  }
]

const [first, second] = cutAt(envelope, 9) as [Uint8Array, Uint8Array]

const empty = (
  [
    ["first", ["", envelope]],
    ["second", [first, "", second]],
    ["last", [envelope, ""]],
    ["first and last", ["", envelope, ""]]
  ] as const
).map(
  ([which, parts]): Case => ({
    title: `answers a text whose ${which} fragment is empty`,
    section: "§5.4",
    sends: fragments(parts),
    answers: ["pong 7"]
  })
)

const outOfPlace = (
  [
    ["a continuation without a beginning", [continuation("x")]],
    ["an empty continuation without a beginning", [continuation()]],
    ["a continuation without a beginning or an end", [continuation("x", { fin: false })]],
    ["an empty one without a beginning or an end", [continuation("", { fin: false })]],
    ["a text within a text", [text("{", { fin: false }), text(envelope)]],
    ["a binary within a text", [text("{", { fin: false }), binary(envelope)]],
    ["a text within a binary", [binary("{", { fin: false }), text(envelope)]],
    ["a binary within a binary", [binary("{", { fin: false }), binary(envelope)]],
    ["an unfinished text within a text", [text("{", { fin: false }), text("{", { fin: false })]],
    ["an empty text within a text", [text("{", { fin: false }), text("")]],
    ["a text within an empty text", [text("", { fin: false }), text(envelope)]]
  ] as const
).map(([what, sends]): Case => ({ title: `ends ${what}`, section: "§5.4", sends, ends: "1002" }))

const afterAMessage = (
  [
    ["in one frame", [text(envelope)]],
    ["in fragments", fragments([first, second])]
  ] as const
).map(
  ([how, message]): Case => ({
    title: `ends a continuation behind a text ${how}, which is answered`,
    section: "§5.4",
    sends: [...message, "answered", continuation("x")],
    answers: ["pong 7"],
    ends: "1002"
  })
)

const whole = text(envelope)
const long = text(pingEnvelopeOf(65_536))
const medium = text(pingEnvelopeOf(126))

const segments: ReadonlyArray<Case> = [
  ...range(whole.length - 1, 1).map(
    (place): Case => ({
      title: `answers a frame that TCP brings in ${place} and ${whole.length - place} bytes`,
      section: "§5.2",
      sends: cutAt(whole, place),
      answers: ["pong 7"]
    })
  ),
  ...range(9, 1).map(
    (place): Case => ({
      title: `answers a frame with a length of 16 bits, cut behind ${place} bytes`,
      section: "§5.2",
      sends: cutAt(medium, place),
      answers: ["pong 7"]
    })
  ),
  ...range(15, 1).map(
    (place): Case => ({
      title: `answers a frame with a length of 64 bits, cut behind ${place} bytes`,
      section: "§5.2",
      sends: cutAt(long, place),
      answers: ["pong 7"]
    })
  ),
  {
    title: "answers a frame that TCP brings byte by byte",
    section: "§5.2",
    sends: byteByByte(whole),
    answers: ["pong 7"]
  },
  {
    title: "answers fragments that TCP brings byte by byte",
    section: "§5.4",
    sends: byteByByte(Buffer.concat(fragments([first, second]))),
    answers: ["pong 7"]
  },
  {
    title: "answers twenty frames of one segment, each of them",
    section: "§5.2",
    sends: [Buffer.concat(range(20).map(() => whole))],
    answers: range(20).map(() => "pong 7")
  },
  {
    title: "answers frames where one segment ends in the midst of another",
    section: "§5.2",
    sends: cutAt(Buffer.concat([whole, whole, whole]), 30, 60),
    answers: ["pong 7", "pong 7", "pong 7"]
  }
]

const otherwise: ReadonlyArray<Case> = [
  {
    title: "brings a text in fragments as it was before it was cut",
    section: "§5.4",
    from: "echo",
    sends: fragments(cutAt(echoEnvelope("one two three"), 3, 71, 80, 81, 82)),
    answers: ['publication "one two three"']
  },
  {
    title: "closes between fragments as anywhere",
    section: "§5.4, §5.5.1",
    sends: [text(first, { fin: false }), close(1001, "tired")],
    ends: "1001 tired"
  },
  {
    title: "ends with a client that goes between fragments",
    section: "§7.1.5",
    sends: [text(first, { fin: false }), "end"],
    ends: "cut"
  },
  {
    title: "ends with a client that goes in the midst of a frame",
    section: "§7.1.5",
    sends: [whole.subarray(0, 11), "end"],
    ends: "cut"
  },
  {
    title: "sends nothing behind its close, whatever it still had to answer",
    section: "§5.5.1",
    from: "echo",
    sends: [
      Buffer.concat([
        ...range(10).map((n) => text(echoEnvelope(String(n)))),
        ...range(10).map(() => whole),
        continuation("x")
      ])
    ],
    answers: "any",
    ends: "1002"
  },
  {
    title: "sends nothing behind the close that answers the client's",
    section: "§5.5.1",
    from: "echo",
    sends: [
      Buffer.concat([
        ...range(10).map((n) => text(echoEnvelope(String(n)))),
        ...range(10).map(() => whole),
        close(1000)
      ])
    ],
    answers: "any",
    ends: "1000"
  }
]

export const fragmentation: Family = {
  name: "fragments",
  cases: [...inTwo, ...many, ...empty, ...outOfPlace, ...afterAMessage, ...otherwise]
}

export const segmentation: Family = { name: "segments of TCP", cases: segments }
