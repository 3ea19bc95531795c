/**
 * `npm run cluster`: Weir on one machine as it runs on many.
 */
import { runMain } from "@weir/process/RunMain"
import { cluster } from "./layer.ts"

// Two rounds of at most 6 s, for routers and those before them, and one for Redis.
runMain(cluster(process.argv.slice(2)), 20_000)
