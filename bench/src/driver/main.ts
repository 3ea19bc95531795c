/**
 * The driver's process: one job as a line of JSON on standard input, events as lines
 * of JSON on standard output, the last of which is `result` or `failed`.
 */
import { createInterface } from "node:readline"
import { countBuffersWithHeap } from "@weir/process/BufferMemory"
import type { DriverEvent, JobContext, JobKind } from "./Job.ts"

// Its own collections would be counted as latency of whoever it measures.
countBuffersWithHeap()

const emit = (event: DriverEvent): void => void process.stdout.write(`${JSON.stringify(event)}\n`)

const lines: Array<string> = []
const waiting: Array<(line: string) => void> = []

createInterface({ input: process.stdin })
  .on("line", (line) => {
    const next = waiting.shift()
    if (next === undefined) lines.push(line)
    else next(line)
  })
  // Whoever started us is gone.
  .on("close", () => process.exit())

// An orderly end: a profile is written by then.
process.once("SIGTERM", () => process.exit())

const nextLine: JobContext["nextLine"] = () =>
  new Promise((resolve) => {
    const line = lines.shift()
    if (line === undefined) waiting.push(resolve)
    else resolve(line)
  })

/** `bursts` is in `jobs/Bursts.ts`: a driver loads nothing that its job does not need. */
const load = async (kind: string) => {
  if (!/^[a-z][A-Za-z]*$/.test(kind)) throw new Error(`there is no job ${kind}`)
  return import(`./jobs/${kind[0]!.toUpperCase()}${kind.slice(1)}.ts`)
}

try {
  const job: JobKind = JSON.parse(await nextLine())
  const { run } = await load(job.kind)
  emit({ event: "result", result: await run(job, { emit, nextLine }) })
} catch (error) {
  emit({ event: "failed", message: (error as Error).stack })
}
process.stdout.write("", () => process.exit())
