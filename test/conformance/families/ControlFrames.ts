/**
 * ControlFrames: pings, pongs, and closes where they may not be.
 */
import { type Case, type Family, hex, pingEnvelope, range, stillThere } from "../Case.ts"
import { byteByByte, close, continuation, frame, opcodes, ping, pong, text } from "../RawFrame.ts"

const kinds = [
  ["ping", opcodes.ping],
  ["pong", opcodes.pong],
  ["close", opcodes.close]
] as const

/** Every byte there is, from a place on. */
const bytes = (count: number, from = 0) => Uint8Array.from(range(count, from))

const echoed = [0, 1, 2, 3, 4, 7, 8, 31, 32, 63, 64, 65, 100, 123, 124, 125].map(
  (count): Case => ({
    title: `answers a ping of ${count} bytes with the same`,
    section: "§5.5.3",
    sends: [ping(bytes(count, 200 - count))],
    pongs: [hex(bytes(count, 200 - count))]
  })
)

const tooLong = kinds.flatMap(([kind, opcode]) =>
  [126, 127, 65_535, 65_536].map(
    (count): Case => ({
      title: `ends a ${kind} of ${count} bytes`,
      section: "§5.5",
      // As a close it would be right, but for its length.
      sends: [frame(opcode, Buffer.concat([Uint8Array.of(3, 232), Buffer.alloc(count - 2, "x")]))],
      ends: "1002"
    })
  )
)

const inFragments = kinds.flatMap(([kind, opcode]): ReadonlyArray<Case> => {
  const payload = opcode === opcodes.close ? Uint8Array.of(3, 232) : "x"
  return [
    {
      title: `ends a ${kind} that is to be continued`,
      section: "§5.5",
      sends: [frame(opcode, payload, { fin: false })],
      ends: "1002"
    },
    {
      title: `ends an empty ${kind} that is to be continued`,
      section: "§5.5",
      sends: [frame(opcode, "", { fin: false })],
      ends: "1002"
    },
    {
      title: `ends a ${kind} that is continued`,
      section: "§5.5",
      sends: [Buffer.concat([frame(opcode, payload, { fin: false }), continuation("y")])],
      ends: "1002"
    },
    {
      title: `ends a ${kind} that is to be continued, between fragments`,
      section: "§5.5",
      sends: [text("{", { fin: false }), frame(opcode, payload, { fin: false })],
      ends: "1002"
    }
  ]
})

const unasked = [0, 1, 8, 125].map(
  (count): Case => ({
    title: `ignores a pong of ${count} bytes that it did not ask for`,
    section: "§5.5.3",
    sends: [pong(bytes(count)), ...stillThere],
    answers: ["pong 7"]
  })
)

const inARow = [2, 10, 60].map(
  (count): Case => ({
    title: `answers ${count} pings that come at once, each of them`,
    section: "§5.5.2",
    sends: [Buffer.concat(range(count).map((n) => ping(String(n))))],
    pongs: range(count).map((n) => hex(String(n)))
  })
)

const between = (
  [
    ["a ping", [ping("a")], ["a"]],
    ["an empty ping", [ping()], [""]],
    ["ten pings", range(10).map((n) => ping(String(n))), range(10).map(String)],
    ["a pong", [pong("a")], []],
    ["a pong and a ping", [pong("a"), ping("b")], ["b"]],
    ["a ping of 125 bytes", [ping("x".repeat(125))], ["x".repeat(125)]]
  ] as ReadonlyArray<[string, ReadonlyArray<Buffer>, ReadonlyArray<string>]>
).flatMap(([what, frames, pongs]): ReadonlyArray<Case> => {
  const envelope = pingEnvelope()
  const sends = [
    text(envelope.subarray(0, 9), { fin: false }),
    ...frames,
    continuation(envelope.subarray(9))
  ]
  const gets = { answers: ["pong 7"], pongs: pongs.map(hex) }
  return [
    { title: `takes ${what} between two fragments`, section: "§5.4, §5.5", sends, ...gets },
    {
      title: `takes ${what} between two fragments, all in one segment`,
      section: "§5.4, §5.5",
      sends: [Buffer.concat(sends)],
      ...gets
    }
  ]
})

const otherwise: ReadonlyArray<Case> = [
  {
    title: "answers a ping that comes byte by byte",
    section: "§5.5.2",
    sends: byteByByte(ping("slowly")),
    pongs: [hex("slowly")]
  },
  {
    title: "answers a ping with bytes that are no UTF-8",
    section: "§5.5.2",
    sends: [ping(Uint8Array.of(255, 254, 192, 128))],
    pongs: ["fffec080"]
  },
  {
    title: "answers a ping before it knows who is there",
    section: "§5.5.2",
    from: "opened",
    sends: [ping("early")],
    pongs: [hex("early")]
  },
  {
    title: "does not take a ping for the first envelope",
    section: "§5.5.2; ours: connect first",
    from: "opened",
    sends: [ping("early"), "answered", text(pingEnvelope())],
    pongs: [hex("early")],
    ends: "3501 bad_request"
  },
  {
    title: "answers a ping that comes with the close behind it",
    section: "§5.5.2",
    sends: [Buffer.concat([ping("last"), close(1000)])],
    pongs: [hex("last")],
    ends: "1000"
  },
  {
    title: "answers no ping behind the close",
    section: "§5.5.2",
    sends: [Buffer.concat([close(1000), ping("late")])],
    ends: "1000"
  },
  {
    title: "answers pings before and behind a request, and the request",
    section: "§5.5.3",
    sends: [ping("a"), text(pingEnvelope()), ping("b")],
    answers: ["pong 7"],
    pongs: [hex("a"), hex("b")]
  }
]

const tooMany: ReadonlyArray<Case> = [
  ...[61, 1_000].map(
    (count): Case => ({
      title: `cuts off a client with ${count} pings at once`,
      section: "§10.4; ours: 60 that it was not yet answered",
      sends: [Buffer.concat(range(count).map(() => ping()))],
      pongs: "any",
      ends: "cut",
      nonStrict:
        "Pings are cut off where 60 answers have not left yet (§5.5.2 wants each): nothing waits unbounded"
    })
  ),
  {
    title: "ends a client whose pongs have no end",
    section: "§10.4; ours: as many as requests",
    sends: [Buffer.concat(range(500).map(() => pong("x")))],
    ends: "3013 too_many_requests"
  },
  {
    title: "ends a client whose pongs between fragments have no end",
    section: "§10.4; ours: as many as requests",
    sends: [Buffer.concat([text("{", { fin: false }), ...range(500).map(() => pong())])],
    ends: "3013 too_many_requests"
  }
]

export const controlFrames: Family = {
  name: "control frames",
  cases: [
    ...echoed,
    ...tooLong,
    ...inFragments,
    ...unasked,
    ...inARow,
    ...between,
    ...otherwise,
    ...tooMany
  ]
}
