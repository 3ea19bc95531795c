/**
 * LongestFirst: the order in which a fresh clone runs its test files.
 *
 * Where nothing is known of earlier runs the runner begins with the largest files. Those that
 * run longest are not the largest, but those that start processes; begun last, they would keep
 * the other workers waiting. Of the last group, where one project's files run one at a time, each
 * is followed by two of the other project's.
 */
import { BaseSequencer, type TestSpecification } from "vitest/node"

const group = ({ project }: TestSpecification): number => project.config.sequence.groupOrder

const startsProcesses = ({ moduleId }: TestSpecification): boolean =>
  moduleId.includes("/test/") || moduleId.endsWith("/bench.test.ts")

/** One of the first list, two of the other, in turn, and then what the longer one has left. */
const inTurn = <A>(one: ReadonlyArray<A>, other: ReadonlyArray<A>): ReadonlyArray<A> =>
  Array.from({ length: Math.max(one.length, other.length) }, (_, at) => [
    ...[one[at], other[2 * at], other[2 * at + 1]]
  ])
    .flat()
    .filter((it) => it !== undefined)

export default class LongestFirst extends BaseSequencer {
  override async sort(files: Array<TestSpecification>): Promise<Array<TestSpecification>> {
    const byDefault = await super.sort(files)
    const first = byDefault
      .filter((it) => group(it) === 0)
      .sort((a, b) => Number(startsProcesses(b)) - Number(startsProcesses(a)))
    const last = Object.groupBy(
      byDefault.filter((it) => group(it) > 0),
      (it) => (it.project.name === "crowded" ? "crowded" : "patient")
    )
    return [...first, ...inTurn(last.crowded ?? [], last.patient ?? [])]
  }
}
