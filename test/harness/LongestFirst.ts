/**
 * LongestFirst: the order in which a fresh clone runs its test files.
 *
 * Where nothing is known of earlier runs the runner begins with the largest files, and
 * those that run longest are short: minutes of faults are a few lines. Begun last, they
 * would keep one core waiting for the other.
 */
import { BaseSequencer, type TestSpecification } from "vitest/node"

/** What starts processes takes seconds, what kills them minutes. */
const longest = ["/test/faults/", "/test/fuzz/", "/bench/src/bench.test.ts", "/test/"]

const rank = ({ moduleId }: TestSpecification): number => {
  const place = longest.findIndex((part) => moduleId.includes(part))
  return place === -1 ? longest.length : place
}

export default class LongestFirst extends BaseSequencer {
  override async sort(files: Array<TestSpecification>): Promise<Array<TestSpecification>> {
    const byDefault = await super.sort(files)
    return byDefault.sort((a, b) => rank(a) - rank(b))
  }
}
