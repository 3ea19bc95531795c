/**
 * Options: what the command line asks for.
 */
import { resolve } from "node:path"
import { parseArgs } from "node:util"
import { Effect } from "effect"
import type { Scenario } from "./Scenario.ts"
import { BenchFailure, type System } from "./System.ts"

export interface Options {
  readonly scenario: Scenario
  /** Weir first. */
  readonly systems: ReadonlyArray<System>
  /** Peers that cannot run here and were not asked for, with the reason. */
  readonly passedOver: ReadonlyArray<string>
  readonly pairs: number
  readonly seconds: number
  readonly scale: number
  readonly json: boolean
  readonly write: boolean
  /** Sockets with small buffers; undefined: as the scenario likes it. */
  readonly smallBuffers: boolean | undefined
  /** The checkout to measure instead of this one. */
  readonly weir: string | undefined
  /** All that was given, for scenarios that know more options. */
  readonly others: Readonly<Record<string, string | undefined>>
}

const text = { type: "string" } as const
const flag = { type: "boolean" } as const

const flags = {
  peer: { type: "string", multiple: true },
  pairs: { type: "string", default: "5" },
  seconds: text,
  scale: { type: "string", default: "1" },
  json: { type: "boolean", default: false },
  write: { type: "boolean", default: false },
  weir: text,
  "small-buffers": flag,
  ...{ uwebsockets: text, centrifugo: text },
  help: { type: "boolean", short: "h", default: false },
  // Of single scenarios, which check what they are given.
  ...{ connections: text, connectors: text, minutes: text, fanout: text, rate: text },
  ...{ payload: text, subscriptions: text, channels: text, lifetime: text, utilisation: text },
  ...{ "turn-ms": text, "connections-per-node": text, "memory-mb": text, "network-mbit": text },
  ...{ "per-turn": text, spare: text, logged: flag, unary: flag, check: flag, fit: flag },
  ...{ kill: flag, policy: text, part: text }
} as const

const usualSeconds = 5

/** In the environment, where the peer's server finds it, too. */
const nameBinary = (variable: string, path: string | undefined): void => {
  if (path !== undefined) process.env[variable] = resolve(path)
}

/** `more`: what single scenarios say of their own options. */
export const usage = (
  scenarios: ReadonlyArray<Scenario>,
  systems: ReadonlyArray<System>,
  more: ReadonlyArray<string>
): string => {
  const column = (name: string) => name.padEnd(15)
  const scenarioLines = scenarios.map(
    ({ name, peers, summary }) =>
      `  ${column(name)}${summary}${peers.length === 0 ? "" : `\n  ${column("")}peers: ${peers.join(" ")}`}`
  )
  const systemLines = systems.map(
    ({ missing, name }) => `  ${column(name)}${missing() ?? "can run here"}`
  )
  return `npm run bench -- <scenario> [options]

Measures Weir, and its peers beside it on the same machine, in turn.
Two checkouts of Weir beside each other: \`npm run bench -- compare --help\`.

${scenarioLines.join("\n")}

  --peer NAME    compare with this system; may be repeated (all that can run here)
  --pairs N      runs of each system, in turn (5)
  --seconds S    that each run is measured (${usualSeconds})
  --scale X      of all counts: 0.05 for a quick look (1)
  --json         the last line is the result as JSON
  --write        writes bench/results/<scenario>.json, .md and .svg
  --weir DIR     the checkout of Weir to measure (this one)
  --small-buffers
                 the same with small socket buffers, in a network namespace (--no-small-buffers:
                 not, where a scenario would)
  --uwebsockets DIR, --centrifugo FILE
                 where these peers are, which are not installed with the others
  --help         this

Systems, and what they need:
${systemLines.join("\n")}

${more.join("\n\n")}`
}

export const parseOptions = (
  args: ReadonlyArray<string>,
  scenarios: ReadonlyArray<Scenario>,
  systems: ReadonlyArray<System>
): Effect.Effect<Options | undefined, BenchFailure> => {
  const refuse = (mistakes: ReadonlyArray<string>) =>
    Effect.fail(new BenchFailure({ message: mistakes.join("\n") }))
  const parse = () =>
    parseArgs({ args: [...args], options: flags, allowPositionals: true, allowNegative: true })
  let parsed: ReturnType<typeof parse>
  try {
    parsed = parse()
  } catch (error) {
    return refuse([`${(error as Error).message} (--help shows all options)`])
  }
  const { positionals, values } = parsed
  nameBinary("UWEBSOCKETS", values.uwebsockets)
  nameBinary("CENTRIFUGO", values.centrifugo)
  if (values.help) return Effect.succeed(undefined)

  const mistakes: Array<string> = []
  const positive = (name: "pairs" | "seconds" | "scale", given: string): number => {
    const number = Number(given)
    if (number > 0 && Number.isFinite(number)) return number
    mistakes.push(`--${name}: must be a number above 0, not ${given}`)
    return 1
  }
  const scenario = scenarios.find(({ name }) => name === positionals[0])
  if (scenario === undefined || positionals.length > 1) {
    const names = scenarios.map(({ name }) => name).join(", ")
    return refuse([`one scenario is needed of ${names} (--help says more)`])
  }
  const weir = systems[0]!
  const chosen: Array<System> = [weir]
  const passedOver: Array<string> = []
  const wanted = values.peer ?? scenario.peers
  for (const name of new Set(wanted)) {
    const system = systems.find((it) => it.name === name)
    if (system === weir) continue
    if (system === undefined || !scenario.peers.includes(name)) {
      if (values.peer === undefined) continue
      mistakes.push(`--peer ${name}: ${scenario.name} knows ${scenario.peers.join(", ") || "none"}`)
      continue
    }
    const why = system.missing()
    if (why === undefined) chosen.push(system)
    else if (values.peer === undefined) passedOver.push(`${name}: ${why}`)
    else mistakes.push(`--peer ${name}: ${why}`)
  }
  const pairs = Math.ceil(positive("pairs", values.pairs))
  const seconds = positive("seconds", values.seconds ?? String(usualSeconds))
  const scale = positive("scale", values.scale)
  if (mistakes.length > 0) return refuse(mistakes)
  const others = Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, String(value)])
  )
  const { json, weir: root, write } = values
  return Effect.succeed({
    ...{ scenario, systems: chosen, passedOver, pairs, seconds, scale },
    ...{ json, write, weir: root, smallBuffers: values["small-buffers"], others }
  })
}
