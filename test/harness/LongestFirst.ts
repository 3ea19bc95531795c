/**
 * LongestFirst: the order in which a fresh clone runs its test files.
 *
 * Where nothing is known of earlier runs the runner begins with the largest files. Those that
 * run longest are not the largest, but those that start processes; begun last, they would keep
 * the other workers waiting.
 */
import { BaseSequencer, type TestSpecification } from "vitest/node"

const group = ({ project }: TestSpecification): number => project.config.sequence.groupOrder

const startsProcesses = ({ moduleId }: TestSpecification): boolean =>
  moduleId.includes("/test/") || moduleId.endsWith("/bench.test.ts")

export default class LongestFirst extends BaseSequencer {
  override async sort(files: Array<TestSpecification>): Promise<Array<TestSpecification>> {
    const byDefault = await super.sort(files)
    return byDefault.sort(
      (a, b) => group(a) - group(b) || Number(startsProcesses(b)) - Number(startsProcesses(a))
    )
  }
}
