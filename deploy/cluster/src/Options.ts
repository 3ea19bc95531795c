/**
 * Options: what the command line asks for.
 */
import { parseArgs } from "node:util"
import { ConfigMistakes } from "@weir/config/LoadSettings"
import { isProfileKind, type ProfileKind, profileKinds } from "@weir/config/Settings"
import { Effect } from "effect"
import { type Counts, portsPerNode } from "./Plan.ts"

export interface Options {
  readonly counts: Counts
  readonly portBase: number
  /** Lines for a program instead of text for people. */
  readonly json: boolean
  /** Starts again what dies. */
  readonly supervise: boolean
  /** A Redis that runs already. */
  readonly redis: string | undefined
  /** The file for all nodes, instead of the one that WEIR_CONFIG names. */
  readonly config: string | undefined
  /** What every node profiles from its start. */
  readonly profile: ProfileKind | undefined
}

export const usage = `npm run cluster -- [options]

Runs Weir as it runs in production, on this machine: every service as processes of
its own, over a Redis of its own, with the development identity, on loopback.

  --connectors N    hold client connections            (2)
  --routers N       own channels                       (3)
  --presence N      know who is in a channel           (2)
  --auth N          check tokens                       (1)
  --port-base N     Redis listens here, the nodes on the ports after it: four for
                    each, http grpc mesh ops           (18000)
  --redis URL       use this Redis instead of starting one
  --config FILE     namespaces, limits and so on for all nodes
  --profile KIND    every node notes where its time goes (cpu), what it holds in memory
                    (heap) or what it allocates (allocations), and writes it to a file
                    in WEIR_PROFILE_DIRECTORY, or here, when it ends or gets SIGUSR2
  --supervise       start again what dies, after a pause that grows to 5 s
  --json            print one line of JSON for each node that is ready
  --help            this

On its standard input, one command a line:

  kill NAME         it is gone at once (SIGKILL): a crash
  stop NAME         it is told to end (SIGTERM): a planned stop
  pause NAME        it stands still (SIGSTOP): a hang;  resume NAME goes on
  start NAME        starts it again, at the same address; a new name, such as
                    router-4, joins as one more node
  restart NAME      stop, then start
  ring              how many of the 1,024 shards each router owns by the view

NAME is router-1, connector-2, … or redis. Ctrl-C ends everything.

Try this: open the page on two connectors, chat, then \`kill router-1\` and go on.`

const mostNodes = 64

const flags = {
  connectors: { type: "string", default: "2" },
  routers: { type: "string", default: "3" },
  presence: { type: "string", default: "2" },
  auth: { type: "string", default: "1" },
  "port-base": { type: "string", default: "18000" },
  redis: { type: "string" },
  config: { type: "string" },
  profile: { type: "string" },
  supervise: { type: "boolean", default: false },
  json: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false }
} as const

/** Every mistake in one report; undefined when help is all that is wanted. */
export const parseOptions = (
  args: ReadonlyArray<string>
): Effect.Effect<Options | undefined, ConfigMistakes> => {
  const refuse = (mistakes: ReadonlyArray<string>) => Effect.fail(new ConfigMistakes({ mistakes }))
  let values: ReturnType<typeof parseArgs<{ options: typeof flags; args: Array<string> }>>["values"]
  try {
    values = parseArgs({ args: [...args], options: flags }).values
  } catch (error) {
    return refuse([`${(error as Error).message} (--help shows all options)`])
  }
  if (values.help) return Effect.succeed(undefined)

  const mistakes: Array<string> = []
  const integer = (flag: keyof typeof values, least: number, most: number): number => {
    const text = String(values[flag])
    const number = /^\d+$/.test(text) ? Number(text) : Number.NaN
    if (number >= least && number <= most) return number
    mistakes.push(`--${flag}: must be a number from ${least} to ${most}, not ${text}`)
    return least
  }
  const counts: Counts = {
    connector: integer("connectors", 1, mostNodes),
    router: integer("routers", 1, mostNodes),
    presence: integer("presence", 1, mostNodes),
    auth: integer("auth", 1, mostNodes)
  }
  const { auth, connector, presence, router } = counts
  const ports = 1 + portsPerNode * (auth + connector + presence + router)
  const portBase = integer("port-base", 1_024, 65_536 - ports)
  const { config, json, profile, redis, supervise } = values
  const isProfile = profile === undefined || isProfileKind(profile)
  if (!isProfile) {
    mistakes.push(`--profile: must be one of ${profileKinds.join(", ")}, not ${profile}`)
  }
  if (mistakes.length > 0 || !isProfile) return refuse(mistakes)
  return Effect.succeed({ counts, portBase, json, supervise, redis, config, profile })
}
