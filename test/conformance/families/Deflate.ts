/**
 * Deflate: messages that are compressed (RFC 7692), right or wrong, and those that would be
 * too large. For a server that has `compression` switched on.
 */
import { constants, deflateRawSync } from "node:zlib"
import { encodeFrame, toRecord } from "../../harness/ProtoClient.ts"
import {
  type Case,
  echoEnvelope,
  type Family,
  hex,
  pingEnvelope,
  pingEnvelopeOf,
  pingEnvelopeWith
} from "../Case.ts"
import {
  binary,
  close,
  continuation,
  cutAt,
  deflate,
  deflateTail,
  type Payload,
  ping,
  pong,
  text
} from "../RawFrame.ts"
import { type Handshake, opens } from "./Handshakes.ts"

const agreed = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"

const offer = (what: string, offers: string | ReadonlyArray<string>, answer?: string): Handshake =>
  opens(
    `${what} offered, and takes ${answer === undefined ? "none" : "it"}`,
    "RFC 7692 §7",
    { "Sec-WebSocket-Extensions": offers },
    { headers: { "sec-websocket-extensions": answer } }
  )

export const deflateHandshakes: ReadonlyArray<Handshake> = [
  offer("permessage-deflate", "permessage-deflate", agreed),
  offer("what browsers have", "permessage-deflate; client_max_window_bits", agreed),
  offer("a window of the client's", "permessage-deflate; client_max_window_bits=10", agreed),
  offer("one in quotes", 'permessage-deflate; client_max_window_bits="15"', agreed),
  offer("what is done anyway", agreed, agreed),
  offer(
    "a smaller window, and none as well,",
    "permessage-deflate; server_max_window_bits=10, permessage-deflate",
    agreed
  ),
  offer("it beside others, in two lines,", ["x-foo; a=b", "permessage-deflate"], agreed),
  offer("a smaller window for us", "permessage-deflate; server_max_window_bits=10"),
  offer("an unknown parameter", "permessage-deflate; level=9"),
  offer("a window of 16 bits", "permessage-deflate; client_max_window_bits=16"),
  offer("a flag with a value", "permessage-deflate; client_no_context_takeover=1"),
  offer(
    "a parameter twice",
    "permessage-deflate; client_max_window_bits; client_max_window_bits=9"
  ),
  offer("another extension", "x-webkit-deflate-frame"),
  offer("nothing that is one", ",;=")
]

const section = "RFC 7692 §6, §7.2"

const rsv1 = { rsv: 4 }

/** A frame with the whole of a compressed message. */
const packed = (message: Payload, options?: Parameters<typeof deflate>[1]): Buffer =>
  text(deflate(message, options), rsv1)

const answered = (
  [
    ["a compressed text", [packed(pingEnvelope())]],
    ["a text that is not compressed", [text(pingEnvelope())]],
    ["a block that is stored", [packed(pingEnvelope(), { level: 0 })]],
    ["fixed codes", [packed(pingEnvelope(), { strategy: constants.Z_FIXED })]],
    ["a small window", [packed(pingEnvelopeOf(2_000), { windowBits: 9 })]],
    [
      "a block that says it is the last",
      [text(Buffer.concat([deflateRawSync(pingEnvelope()), Buffer.of(0)]), rsv1)]
    ],
    [
      "two blocks",
      [
        text(
          Buffer.concat([
            deflate(pingEnvelope().subarray(0, 9)),
            deflateTail,
            deflate(pingEnvelope().subarray(9))
          ]),
          rsv1
        )
      ]
    ],
    [
      "fragments of a byte",
      cutAt(deflate(pingEnvelope()), 1, 2, 3, 9).map((part, index) =>
        index === 0 ? text(part, { fin: false, ...rsv1 }) : continuation(part, { fin: index === 4 })
      )
    ],
    [
      "an empty fragment at the end",
      [text(deflate(pingEnvelope()), { fin: false, ...rsv1 }), continuation()]
    ]
  ] as const
).map(
  ([what, sends]): Case => ({
    title: `answers ${what}`,
    section,
    sends,
    answers: ["pong 7"]
  })
)

const limit = 65_536
const readLimit = 4 * limit

const more: ReadonlyArray<Case> = [
  {
    title: "answers the same message twice, each compressed by itself",
    section,
    sends: [packed(pingEnvelope()), packed(pingEnvelope())],
    answers: ["pong 7", "pong 7"]
  },
  {
    title: "answers a WebSocket's ping between fragments",
    section,
    sends: [
      text(deflate(pingEnvelope()).subarray(0, 9), { fin: false, ...rsv1 }),
      ping("x"),
      continuation(deflate(pingEnvelope()).subarray(9))
    ],
    answers: ["pong 7"],
    pongs: [hex("x")]
  },
  {
    title: "gives a compressed publication back",
    section,
    from: "echo",
    sends: [packed(echoEnvelope("x".repeat(4_000)))],
    answers: [`publication ${JSON.stringify("x".repeat(4_000))}`]
  },
  {
    title: "answers a compressed record of protobuf",
    section,
    format: "proto",
    sends: [binary(deflate(toRecord(encodeFrame({ type: "ping", id: 7 }))), rsv1)],
    answers: ["pong 7"]
  },
  {
    title: "ends a message that refers to the one before",
    section: "RFC 7692 §7.1.1.2",
    sends: [
      packed(pingEnvelope()),
      "answered",
      packed(pingEnvelope(), { dictionary: pingEnvelope() })
    ],
    answers: ["pong 7"],
    ends: "1007"
  },
  ...[limit + 1, readLimit].map(
    (bytes): Case => ({
      title: `reads what inflates to ${bytes} bytes, and refuses what it says`,
      section: "ours: 64 KiB",
      sends: [packed(pingEnvelopeOf(bytes)), text(pingEnvelope())],
      answers: ["error payload_too_large", "pong 7"]
    })
  ),
  {
    title: `answers what inflates to ${limit} bytes`,
    section: "ours: 64 KiB",
    sends: [packed(pingEnvelopeOf(limit))],
    answers: ["pong 7"]
  },
  {
    title: `ends what inflates to ${readLimit + 1} bytes`,
    section: "§7.4.1; ours: 256 KiB",
    sends: [packed(pingEnvelopeOf(readLimit + 1))],
    ends: "1009"
  },
  {
    title: "ends what inflates to that in fragments",
    section: "§7.4.1; ours: 256 KiB",
    sends: [
      text(Buffer.concat([deflate(pingEnvelopeOf(readLimit)), deflateTail]), {
        fin: false,
        ...rsv1
      }),
      continuation(deflate("x"))
    ],
    ends: "1009"
  }
]

const broken = (
  [
    ["a block of a reserved type", Buffer.of(7)],
    ["a stored block whose lengths differ", Buffer.of(0, 1, 0, 1, 0, 65)],
    ["what is not compressed", pingEnvelope()],
    ["no UTF-8", deflate(pingEnvelopeWith(Buffer.of(0xff)))]
  ] as const
).map(
  ([what, payload]): Case => ({
    title: `ends a text with ${what}`,
    section: "RFC 7692 §6.2, §7.4.1",
    sends: [text(payload, rsv1)],
    ends: "1007"
  })
)

const first = text(deflate(pingEnvelope()).subarray(0, 9), { fin: false, ...rsv1 })
const rest = deflate(pingEnvelope()).subarray(9)

const badBits = (
  [
    ["a continuation with the bit", [first, continuation(rest, rsv1)]],
    [
      "a continuation with it where the begin had none",
      [text("{", { fin: false }), continuation("}", rsv1)]
    ],
    ["a ping with the bit", [ping("x", rsv1)]],
    ["a pong with the bit", [pong("x", rsv1)]],
    ["a close with the bit", [close(1000, "", rsv1)]],
    ["another bit", [text(deflate(pingEnvelope()), { rsv: 2 })]],
    ["another bit beside it", [text(deflate(pingEnvelope()), { rsv: 5 })]]
  ] as const
).map(
  ([what, sends]): Case => ({ title: `ends ${what}`, section: "RFC 7692 §6", sends, ends: "1002" })
)

const unasked: ReadonlyArray<Case> = [
  {
    title: "ends a compressed text where nothing was agreed",
    section: "§5.2",
    sends: [packed(pingEnvelope())],
    ends: "1002"
  },
  {
    title: "gives a publication back as it is where nothing was agreed",
    section: "§5.2",
    from: "echo",
    sends: [text(echoEnvelope("x".repeat(4_000)))],
    answers: [`publication ${JSON.stringify("x".repeat(4_000))}`]
  }
]

export const deflated: Family = {
  name: "compression",
  cases: [
    ...[...answered, ...more, ...broken, ...badBits].map((row) => ({
      ...row,
      offers: "permessage-deflate; client_max_window_bits"
    })),
    ...unasked
  ]
}
