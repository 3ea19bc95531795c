import { defineConfig } from "vitest/config"
import LongestFirst from "./test/harness/LongestFirst.ts"

/**
 * Each starts many processes, which need the machine: what is promised within seconds takes longer
 * beside others. So they run one after the other, when the others have done.
 */
const crowded = [
  "test/faults/{faults,moves/moves}.test.ts",
  "test/{drain,rollingRestart,storm}.test.ts"
]

/** They wait for most of their time: two of them run beside a crowded one. */
const patient = [
  "test/{attacks,cluster,redis,halfOpen,restrictions,rosterMoves,transcriptHeartbeat}.test.ts",
  "test/browser{Transports,Recovery}.test.ts"
]

const never = ["**/node_modules/**", "**/dist/**"]

export default defineConfig({
  test: {
    globalSetup: "test/harness/requirements.ts",
    reporters: ["default", "./test/harness/SummaryReporter.ts"],
    sequence: { sequencer: LongestFirst },
    allowOnly: false,
    projects: [
      {
        extends: true,
        test: {
          name: "side by side",
          include: ["{bench,deploy,libs,services,test}/**/*.test.ts"],
          exclude: [...never, ...crowded, ...patient],
          // Not more: 4 kept two cores busy all the time, and took as long.
          maxWorkers: 3,
          sequence: { groupOrder: 0 }
        }
      },
      {
        extends: true,
        test: {
          name: "crowded",
          include: crowded,
          setupFiles: "test/harness/oneAtATime.ts",
          maxWorkers: 3,
          sequence: { groupOrder: 1 }
        }
      },
      {
        extends: true,
        test: {
          name: "patient",
          include: patient,
          maxWorkers: 3,
          sequence: { groupOrder: 1 }
        }
      }
    ],
    // Nothing is left behind by one file for the next. To load Effect for each of them again
    // takes longer than most of them run.
    isolate: false,
    // Bounds for what is stuck, not for what is slow: two cores run several processes of Weir.
    testTimeout: 60_000,
    hookTimeout: 60_000
  }
})
