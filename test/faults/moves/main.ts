/**
 * `npm run test:moves`: a million publications while routers join and leave.
 */
import { parseArgs } from "node:util"
import { runMoves } from "./Moves.ts"

const help = `npm run test:moves -- [options]

Publishes to many channels through one of three routers while two routers join and
two leave, and then compares what was accepted with what the logs hold.

  --publications N   1000000
  --channels N       1000
  --rate N           publications a second, 5000
`

process.on("SIGINT", () => process.exit(130))
process.on("SIGTERM", () => process.exit(143))

const { values } = parseArgs({
  options: {
    publications: { type: "string", default: "1000000" },
    channels: { type: "string", default: "1000" },
    rate: { type: "string", default: "5000" },
    help: { type: "boolean", default: false }
  }
})
if (values.help) {
  process.stdout.write(help)
} else {
  const result = await runMoves({
    publications: Number(values.publications),
    channels: Number(values.channels),
    rate: Number(values.rate),
    changes: ["+router-4", "-router-1", "+router-5", "-router-3"],
    onProgress: (what) => process.stderr.write(`${what}\n`)
  })
  process.stdout.write(`${JSON.stringify(result, undefined, 2)}\n`)
  const { broken, different, failures, strayed } = result
  const wrong = broken.length + different.length + strayed + Object.keys(failures).length
  process.exit(wrong === 0 ? 0 : 1)
}
