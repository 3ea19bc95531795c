/**
 * Report: a judgement as text, what is easiest to understand first.
 */
import type { Judgement } from "./Check.ts"
import { invariants, type Violation } from "./Violation.ts"

const shownViolations = 20
const shownCharacters = 240

const described = ({ events, explanation, invariant }: Violation): string => {
  const proof = events.map((event) => `    ${JSON.stringify(event).slice(0, shownCharacters)}`)
  return [`${invariant} (${invariants[invariant]})`, `  ${explanation}`, ...proof].join("\n")
}

/** Something for each kind of fault before a second of any. */
const easiestFirst = (violations: ReadonlyArray<Violation>): ReadonlyArray<Violation> => {
  const shortest = violations.toSorted((a, b) => a.explanation.length - b.explanation.length)
  const seen = new Map<string, number>()
  const ranked = shortest.map((violation) => {
    const rank = seen.get(violation.invariant) ?? 0
    seen.set(violation.invariant, rank + 1)
    return { violation, rank }
  })
  return ranked.sort((a, b) => a.rank - b.rank).map(({ violation }) => violation)
}

export const reportOf = ({ counts, violations }: Judgement): string => {
  const { lost, resumes } = counts
  const found = Object.entries(counts.violations)
  const lines = [
    found.length === 0
      ? "no violation"
      : `violations: ${found.map(([invariant, count]) => `${invariant} ${count}`).join(", ")}`,
    ...easiestFirst(violations).slice(0, shownViolations).map(described),
    `${counts.events} events, ${counts.channels} channels, ${counts.faults} faults`,
    `published ${counts.published}: acked ${counts.acked}, failed ${counts.failed}, unknown ${counts.unknown}`,
    `lost: prefix ${lost.prefix}, middle ${lost.middle}, postfix ${lost.postfix}`,
    `delivered ${counts.delivered}, of these again ${counts.duplicates}; gaps told ${counts.gaps}, silent ${counts.silentGaps}`,
    `resumes: recovered ${resumes.recovered}, refused ${resumes.refused}`
  ]
  return `${lines.join("\n")}\n`
}
