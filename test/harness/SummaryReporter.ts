/**
 * SummaryReporter: the last line of a test run: how many passed and failed.
 *
 * A skipped test is a failure of the run: what cannot be tested must not look
 * as if it were.
 */
import type { Reporter, TestModule } from "vitest/node"

export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: ReadonlyArray<TestModule>): void {
    const count = { passed: 0, failed: 0, skipped: 0, pending: 0 }
    for (const module of modules) {
      // A file that cannot be loaded has no tests to count.
      if (module.errors().length > 0) count.failed++
      for (const test of module.children.allTests()) count[test.result().state]++
    }
    const skipped = count.skipped + count.pending
    if (skipped > 0) process.exitCode = 1
    // After the default reporter's own words, which are printed in this same turn.
    process.once("beforeExit", () => {
      console.log(
        `${count.passed} passed, ${count.failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`
      )
    })
  }
}
