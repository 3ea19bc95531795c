/**
 * `npm run cluster`: Weir on one machine as it runs on many.
 */
import { runMain } from "@weir/process/RunMain"
import { cluster } from "./layer.ts"

// Four rounds of at most 6 s, the first of which takes longer while connectors drain.
let limitMs = 26_000
const drains = (ms: number) => {
  limitMs += ms
}
runMain(cluster(process.argv.slice(2), drains), () => limitMs)
