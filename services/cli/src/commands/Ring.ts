/**
 * Ring: who is here, and how the shards are spread over the routers.
 */
import { shardCount } from "@weir/core/ChannelName"
import { AdminServiceDefinition, type GetRingResponse } from "@weir/proto/api/v1/admin"
import { Effect } from "effect"
import { Command } from "effect/cli"
import * as Api from "../Api.ts"
import * as Flags from "../Flags.ts"
import { painted, print, printJson } from "../Output.ts"
import { table } from "../Table.ts"

const barWidth = 32

/** As long as its share of the largest one. */
const bar = (shards: number, most: number): string =>
  "█".repeat(Math.round((barWidth * shards) / Math.max(1, most)))

const tell = ({ nodes, view }: GetRingResponse): void => {
  const routers = nodes.filter(({ role }) => role === "router")
  const most = Math.max(...routers.map(({ shards }) => shards), 0)
  const share = (shards: number) => `${((100 * shards) / shardCount).toFixed(1)} %`
  // In a pipe each line is the same without what only the eye wants.
  const bars = process.stdout.isTTY === true
  const routerRows = routers.map(({ name, shards }) => [
    ...[name, "router", String(shards), share(shards)],
    ...(bars ? [painted("cyan", bar(shards, most))] : [])
  ])
  const others = nodes.filter(({ role }) => role !== "router")
  const count = routers.length === 1 ? "1 router" : `${routers.length} routers`
  print(`${shardCount} shards over ${count}, by view ${view}`)
  print("")
  for (const row of table([...routerRows, ...others.map(({ name, role }) => [name, role])], [2, 3]))
    print(`  ${row}`)
}

export const ring = Command.make(
  "ring",
  { ...Flags.api, json: Flags.json },
  Effect.fn(function* ({ json, ...flags }) {
    const response = yield* Api.ask(AdminServiceDefinition, flags, (client, options) =>
      client.getRing({}, options)
    )
    if (json) printJson(response)
    else tell(response)
  })
).pipe(
  Command.withShortDescription("show the nodes and what each router owns"),
  Command.withDescription(
    `Shows all nodes with their roles, and how many of the 1,024 shards each router owns.

  As the router that is asked knows it. Needs an API key with a verb on the pattern \`*\`.`
  ),
  Command.withExamples([
    { command: "weir ring", description: "This machine's npm start or npm run cluster" },
    {
      command: "weir ring --api router-1.weir.svc:9090 --key $KEY --json",
      description: "A cluster elsewhere, for a script"
    }
  ])
)
