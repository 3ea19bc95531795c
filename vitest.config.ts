import { defineConfig } from "vitest/config"
import LongestFirst from "./test/harness/LongestFirst.ts"

export default defineConfig({
  test: {
    include: [
      "libs/**/*.test.ts",
      "services/**/*.test.ts",
      "deploy/**/*.test.ts",
      "test/**/*.test.ts",
      "bench/**/*.test.ts"
    ],
    exclude: ["**/node_modules/**", "**/dist/**"],
    globalSetup: "test/harness/requirements.ts",
    reporters: ["default", "./test/harness/SummaryReporter.ts"],
    sequence: { sequencer: LongestFirst },
    allowOnly: false,
    // Nothing is left behind by one file for the next. To load Effect for each of them again
    // takes longer than most of them run.
    isolate: false,
    // Most of them wait for other processes, more than half of the time.
    maxWorkers: 2,
    // Bounds for what is stuck, not for what is slow: two cores run several processes of Weir.
    testTimeout: 60_000,
    hookTimeout: 60_000
  }
})
