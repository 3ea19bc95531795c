/**
 * LongestFirst: the order in which a fresh clone runs its test files.
 *
 * Where nothing is known of earlier runs the runner begins with the largest files, and
 * those that run longest are short: minutes of faults are a few lines. Begun last, they
 * would keep one core waiting for the other. And of those that start many processes no two
 * should run side by side: they need both cores, and what is promised within seconds takes longer.
 */
import { BaseSequencer, type TestSpecification } from "vitest/node"

const crowded =
  /\/test\/(faults\/(faults|faultsMix|moves\/moves)|fuzz\/fuzz|rollingRestart|storm|drain)\.test|bench\/src\/bench\.test/

/** What starts processes takes seconds. */
const rank = ({ moduleId }: TestSpecification): number => (moduleId.includes("/test/") ? 0 : 1)

export default class LongestFirst extends BaseSequencer {
  override async sort(files: Array<TestSpecification>): Promise<Array<TestSpecification>> {
    const byDefault = await super.sort(files)
    const many = byDefault.filter(({ moduleId }) => crowded.test(moduleId))
    const others = byDefault
      .filter(({ moduleId }) => !crowded.test(moduleId))
      .sort((a, b) => rank(a) - rank(b))
    // One of each for as long as there are both: with two workers, each takes one of them.
    const both = many.flatMap((file, index) => [file, ...others.slice(index, index + 1)])
    return [...both, ...others.slice(many.length)]
  }
}
