/**
 * Table: all cases by family, and how many there are as `docs/protocol.md` tells it.
 *
 * Run with Node, this file prints what belongs there.
 */
import { markdownOf, type Table } from "../architecture/ProtocolTables.ts"
import type { Case, Family } from "./Case.ts"
import { closes } from "./families/Closes.ts"
import { controlFrames } from "./families/ControlFrames.ts"
import { deflated, deflateHandshakes } from "./families/Deflate.ts"
import { envelopes } from "./families/Envelopes.ts"
import { fragmentation, segmentation } from "./families/Fragments.ts"
import { handshakes } from "./families/Handshakes.ts"
import { lengths, masking } from "./families/Lengths.ts"
import { reservedBits, reservedOpcodes } from "./families/ReservedBits.ts"
import { notUtf8, utf8 } from "./families/Utf8.ts"

/** Those that begin with an open WebSocket. */
export const families: ReadonlyArray<Family> = [
  lengths,
  masking,
  controlFrames,
  reservedBits,
  reservedOpcodes,
  fragmentation,
  segmentation,
  utf8,
  notUtf8,
  closes,
  envelopes
]

export const titleOf = ({ nonStrict, section, title }: Omit<Case, "sends">): string =>
  `${title} (${section}${nonStrict === undefined ? "" : "; non-strict"})`

const rowOf = (name: string, cases: ReadonlyArray<Pick<Case, "nonStrict">>): string => {
  const reasons = new Set(cases.flatMap(({ nonStrict }) => nonStrict ?? []))
  return `| ${name} | ${cases.length} | ${[...reasons].join(". ")} |`
}

/** Those of a server that compresses. */
const compressed = [...deflateHandshakes, ...deflated.cases]

export const counts: Table = {
  heading: "Conformance",
  columns: ["Family", "Cases", "Non-strict"],
  rows: [
    rowOf("handshakes", handshakes),
    ...families.map(({ cases, name }) => rowOf(name, cases)),
    rowOf(deflated.name, compressed),
    `| together | ${[...handshakes, ...families.flatMap(({ cases }) => cases), ...compressed].length} |  |`
  ]
}

if (import.meta.main) console.log(markdownOf(counts))
