/**
 * Check: judges a history by all invariants.
 */
import type { HistoryEvent } from "../history/History.ts"
import { inOrder } from "../history/HistoryFile.ts"
import * as Agreement from "./Agreement.ts"
import type { ChannelHistory } from "./ChannelHistory.ts"
import { continuity } from "./Continuity.ts"
import { type Evidence, evidenceOf } from "./Evidence.ts"
import { acknowledgedIsKept, lostOf } from "./Loss.ts"
import * as Nodes from "./Nodes.ts"
import { pipelined, realTime } from "./Order.ts"
import { published } from "./Published.ts"
import { recovery } from "./Recovery.ts"
import { onceInCallback, wireRepeats } from "./Repeats.ts"
import {
  type CheckOptions,
  type Invariant,
  type Rules,
  rulesOf,
  type Violation
} from "./Violation.ts"

export interface Counts {
  readonly events: number
  readonly faults: number
  readonly channels: number
  readonly published: number
  readonly acked: number
  readonly failed: number
  readonly unknown: number
  /** Acknowledged and gone; in class B that may be no violation. */
  readonly lost: { readonly prefix: number; readonly middle: number; readonly postfix: number }
  readonly delivered: number
  /** Frames that brought what another had brought: allowed. */
  readonly duplicates: number
  readonly gaps: number
  readonly silentGaps: number
  readonly resumes: { readonly recovered: number; readonly refused: number }
  /** All violations, also those beyond the few that are kept. */
  readonly violations: Readonly<Partial<Record<Invariant, number>>>
}

export interface Judgement {
  readonly violations: ReadonlyArray<Violation>
  readonly counts: Counts
}

const ofChannel: ReadonlyArray<(channel: ChannelHistory, rules: Rules) => Iterable<Violation>> = [
  published,
  Agreement.onePerPosition,
  Agreement.deliveredIsLogged,
  Agreement.onePosition,
  Agreement.risingTerms,
  continuity,
  acknowledgedIsKept,
  realTime,
  pipelined,
  recovery,
  onceInCallback
]

/** Of each invariant. One broken thing may break it a million times. */
const keptViolations = 100

function* violationsIn({ channels, nodes }: Evidence, rules: Rules): Generator<Violation> {
  yield* Nodes.onlyByFaults(nodes)
  yield* Nodes.oneOwner(nodes)
  for (const channel of channels.values()) {
    for (const invariant of ofChannel) yield* invariant(channel, rules)
  }
}

const countsOf = (
  { channels, faults }: Evidence,
  events: number,
  violations: Counts["violations"]
): Counts => {
  const lost = { prefix: 0, middle: 0, postfix: 0 }
  const resumes = { recovered: 0, refused: 0 }
  let [published, acked, failed, unknown, delivered, duplicates, gaps] = [0, 0, 0, 0, 0, 0, 0]
  for (const channel of channels.values()) {
    for (const { fails, invokes, ok } of channel.publications.values()) {
      published++
      if (ok !== undefined) acked++
      else if (fails === invokes) failed++
      else unknown++
    }
    for (const { part } of lostOf(channel)) lost[part]++
    delivered += channel.deliveries
    duplicates += wireRepeats(channel)
    for (const { events } of channel.lines.values()) {
      for (const event of events) {
        if (event.type === "gap") gaps++
        if (event.type !== "subscribe" || event.phase === "invoke") continue
        if (event.recovered) resumes.recovered++
        else if (event.since !== undefined) resumes.refused++
      }
    }
  }
  return {
    ...{ events, faults, channels: channels.size, published, acked, failed, unknown, lost },
    ...{ delivered, duplicates, gaps, silentGaps: violations.I6 ?? 0, resumes, violations }
  }
}

export const check = (history: ReadonlyArray<HistoryEvent>, options: CheckOptions): Judgement => {
  const evidence = evidenceOf(inOrder(history))
  const violations: Array<Violation> = []
  const found: Partial<Record<Invariant, number>> = {}
  for (const violation of violationsIn(evidence, rulesOf(options))) {
    const count = (found[violation.invariant] ?? 0) + 1
    found[violation.invariant] = count
    if (count <= keptViolations) violations.push(violation)
  }
  return { violations, counts: countsOf(evidence, history.length, found) }
}
