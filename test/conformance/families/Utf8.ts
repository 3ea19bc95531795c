/**
 * Utf8: every edge of UTF-8, and what is beyond it (RFC 3629; the sequences that are wrong are
 * those of Markus Kuhn's stress test).
 *
 * What is right comes back as a publication with the same text.
 */
import {
  type Case,
  echoEnvelope,
  type Family,
  pingEnvelope,
  pingEnvelopeWith,
  range
} from "../Case.ts"
import { binary, close, continuation, cutAt, fragments, ping, text } from "../RawFrame.ts"

/** The first and last of each length, of what surrogates leave, and those that mean nothing. */
const codePoints = [
  0x20, 0x7e, 0x7f, 0x80, 0x7ff, 0x800, 0xfff, 0x1000, 0x2028, 0x2029, 0xcfff, 0xd000, 0xd7ff,
  0xe000, 0xfdcf, 0xfdd0, 0xfdef, 0xfeff, 0xfffc, 0xfffd, 0xfffe, 0xffff, 0x10000, 0x1fffe, 0x1ffff,
  0x2fffe, 0x3ffff, 0x40000, 0xefffe, 0xfffff, 0x100000, 0x10fffd, 0x10fffe, 0x10ffff
]

const nameOf = (codePoint: number): string =>
  `U+${codePoint.toString(16).toUpperCase().padStart(4, "0")}`

const echoes = (what: string, said: string): Case => ({
  title: `brings ${what} as it is`,
  section: "§5.6, §8.1",
  from: "echo",
  sends: [text(echoEnvelope(said))],
  answers: [`publication ${JSON.stringify(said)}`]
})

const single = codePoints.map((codePoint) =>
  echoes(nameOf(codePoint), String.fromCodePoint(codePoint))
)

const texts = (
  [
    ["Greek with accents", "κόσμε"],
    ["German", "Hello-µ@ßöäüàá-UTF-8!!"],
    ["a letter and an accent to combine", "e\u0301"],
    ["many accents on one letter", `e${"\u0301".repeat(40)}`],
    ["Hebrew", "שלום"],
    ["Arabic between directions", "\u2067مرحبا\u2069"],
    ["Chinese", "漢字"],
    ["Korean in parts", "\u1112\u1161\u11ab"],
    ["a family of joined emoji", "👨‍👩‍👧‍👦"],
    ["a flag", "🇨🇭"],
    ["a skin tone", "👋🏽"],
    ["a keycap", "1\ufe0f\u20e3"],
    ["controls of the second block", "\u0080\u0085\u009f"],
    ["tags of a plane that few have", "\u{e0001}\u{e007f}"]
  ] as const
).map(([what, said]) => echoes(what, said))

/** Cut into two fragments inside of characters, and into segments of TCP. */
const cut = ["κόσμε", "€", "𝄞", "\u{10ffff}"].flatMap((said) => {
  const bytes = Buffer.from(said)
  const envelope = echoEnvelope(said)
  const begin = envelope.indexOf(bytes)
  return range(bytes.length - 1, 1).flatMap((place): ReadonlyArray<Case> => {
    const how = `cut behind ${place} of its ${bytes.length} bytes`
    const gets = { from: "echo", answers: [`publication ${JSON.stringify(said)}`] } as const
    return [
      {
        title: `brings ${JSON.stringify(said)} in fragments, ${how}`,
        section: "§5.6",
        sends: fragments(cutAt(envelope, begin + place)),
        ...gets
      },
      {
        title: `brings ${JSON.stringify(said)} with a ping in it, ${how}`,
        section: "§5.4, §5.6",
        sends: fragments(cutAt(envelope, begin + place)).flatMap((it) => [it, ping("between")]),
        pongs: range(2).map(() => Buffer.from("between").toString("hex")),
        ...gets
      }
    ]
  })
})

const wrong: ReadonlyArray<readonly [what: string, sequences: ReadonlyArray<string>]> = [
  ["a continuation byte alone", ["80", "bf", "8080", "80bf80", "80bf80bf80bf"]],
  ["a start without what follows", ["c2", "df", "e0", "e2", "ef", "f0", "f4"]],
  ["a start before a space", ["c220", "e120", "e28220", "f020", "f09020", "f0908020"]],
  ["a start before another", ["c2c2", "e282e282", "f09f98f09f98"]],
  ["a byte that UTF-8 has not", ["fe", "ff", "fefeffff", "f5", "f8", "fc"]],
  ["an overlong slash", ["c0af", "e080af", "f08080af", "f8808080af", "fc80808080af"]],
  ["an overlong NUL", ["c080", "e08080", "f0808080", "f880808080", "fc8080808080"]],
  ["the last overlong", ["c1bf", "e09fbf", "f08fbfbf", "f887bfbfbf", "fc83bfbfbfbf"]],
  ["half a surrogate pair", ["eda080", "edadbf", "edae80", "edafbf", "edb080", "edbe80", "edbfbf"]],
  ["a surrogate pair", ["eda080edb080", "eda080edbfbf", "edadbfedb080", "edafbfedbfbf"]],
  ["what is beyond U+10FFFF", ["f4908080", "f5808080", "f7bfbfbf", "f888808080", "fc8480808080"]],
  ["a truncated end", ["ceba e1bd", "ceba e1", "f09d84", "e28e"]]
]

const bytesOf = (sequence: string) => Buffer.from(sequence.replaceAll(" ", ""), "hex")

/** In an envelope that is long enough for another of ws's two ways to look at it, and alone. */
const invalid = wrong.flatMap(([what, sequences]) =>
  sequences.flatMap((sequence): ReadonlyArray<Case> => {
    const section = "§8.1"
    return [
      {
        title: `ends a text of ${what}, ${sequence}`,
        section,
        sends: [text(bytesOf(sequence))],
        ends: "1007"
      },
      {
        title: `ends an envelope with ${what}, ${sequence}`,
        section,
        sends: [text(pingEnvelopeWith(bytesOf(sequence)))],
        ends: "1007"
      },
      {
        title: `ends a close whose reason has ${what}, ${sequence}`,
        section: "§5.5.1, §8.1",
        sends: [close(1000, bytesOf(sequence))],
        ends: "1007"
      }
    ]
  })
)

const late =
  "A text is looked at once it is whole, as §8.1 allows: what is wrong in it is found then"

const acrossFragments: ReadonlyArray<Case> = [
  ...["ceba ed a0 80", "f4 90 80 80", "e2 82 c0"].flatMap((sequence) => {
    const bytes = bytesOf(sequence)
    return range(bytes.length - 1, 1).map(
      (place): Case => ({
        title: `ends a text with ${sequence} in fragments, cut behind ${place} bytes`,
        section: "§8.1",
        sends: fragments(cutAt(bytes, place)),
        ends: "1007"
      })
    )
  }),
  {
    title: "ends a text whose last fragment leaves a character unfinished",
    section: "§8.1",
    sends: fragments(["{", bytesOf("e282")]),
    ends: "1007"
  },
  {
    title: "ends a text with an overlong in its first fragment when the last one has come",
    section: "§8.1",
    sends: [
      text(bytesOf("c0af"), { fin: false }),
      ping("not yet"),
      "answered",
      continuation(pingEnvelope())
    ],
    pongs: [Buffer.from("not yet").toString("hex")],
    ends: "1007",
    nonStrict: late
  },
  {
    title: "ends a text with a byte that cannot be when the rest of its frame has come",
    section: "§8.1",
    sends: cutAt(text(pingEnvelopeWith(bytesOf("ff"))), 35),
    ends: "1007",
    nonStrict: late
  },
  {
    title: "answers what was right before it ends what is no UTF-8",
    section: "§8.1",
    sends: [text(pingEnvelope()), "answered", text(bytesOf("ff"))],
    answers: ["pong 7"],
    ends: "1007"
  },
  {
    title: "does not ask a binary for UTF-8",
    section: "§5.6",
    sends: [binary(bytesOf("fffec080")), text(pingEnvelope())],
    answers: ["error bad_request", "pong 7"]
  }
]

export const utf8: Family = { name: "UTF-8", cases: [...single, ...texts, ...cut] }

export const notUtf8: Family = {
  name: "what is no UTF-8",
  cases: [...invalid, ...acrossFragments]
}
