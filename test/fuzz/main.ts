/**
 * `npm run test:fuzz`: as many fuzzed messages and calls as one likes, by a seed.
 */
import { parseArgs } from "node:util"
import { fuzz } from "./Fuzz.ts"

const usage = `npm run test:fuzz -- [options]

  --seed N      what is sent follows from it (by default it is new each time)
  --frames N    messages over WebSocket (1000000)
  --calls N     calls over gRPC and HTTP (200000)
  --help        this`

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: String(Date.now() % 2 ** 31) },
    frames: { type: "string", default: "1000000" },
    calls: { type: "string", default: "200000" },
    help: { type: "boolean", default: false }
  }
})

const numberOf = (name: "seed" | "frames" | "calls"): number => {
  const value = Number(values[name])
  if (Number.isInteger(value) && value >= 0) return value
  console.error(`--${name}: must be a whole number, not ${values[name]} (--help shows all options)`)
  process.exit(2)
}

if (values.help) {
  console.log(usage)
  process.exit(0)
}

const seed = numberOf("seed")
console.log(`seed ${seed}`)
let shownAt = 0
const report = await fuzz({
  seed,
  frames: numberOf("frames"),
  calls: numberOf("calls"),
  onProgress: (text) => {
    if (Date.now() - shownAt < 1_000) return
    shownAt = Date.now()
    console.error(text)
  }
})
for (const [what, count] of [...report.seen].sort()) console.log(`${count}\t${what}`)
const [before, after] = report.heaps.map(({ bufferBytes, usedBytes }) => usedBytes + bufferBytes)
console.log(`${report.messagesRead}\tmessages read`)
console.log(`memory after a tenth ${before}, at the end ${after} bytes`)
const { published, received } = report.healthy
const isWhole = received.length === published && received.every((it, i) => it === i + 1)
console.log(`the healthy client published ${published} and received ${received.length}`)
for (const complaint of report.complaints) console.log(complaint)
if (!isWhole || report.complaints.length > 0) process.exit(1)
