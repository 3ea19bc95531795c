/**
 * Demands: what the command line says about a load, and what it leaves open.
 */
import { Effect } from "effect"
import { BenchFailure } from "../System.ts"
import type { Demand, Limits } from "./Model.ts"

export const usage = `capacity: what a load needs

  --connections N          how many clients are connected at once
  --fanout F               subscribers of one publication, all connectors together
  --rate R                 publications per second, all channels together
  --payload BYTES          of one publication (128)
  --subscriptions N        of one connection (1)
  --channels N             (connections x subscriptions / fanout)
  --logged                 a log behind every channel
  --unary                  each publication by a call of its own, not through a stream
  --lifetime S             seconds that a connection lives (3600)
  --utilisation U          of a core, how much may be used (0.6)
  --turn-ms MS             how long publications may gather for one write (20)
  --connections-per-node N (50000)
  --memory-mb MB           of one process (4096)
  --network-mbit MBIT      of one connector (10000)
  --spare N                nodes of each role that may be gone (1)
  --check                  run docs/capacity.md's example, scaled to this machine, and compare
  --fit                    write constants.json from bench/results`

type Options = Readonly<Record<string, string | undefined>>

export interface Question {
  readonly demand: Demand
  readonly limits: Limits
}

/** The worked example of docs/capacity.md. */
export const example: Options = { connections: "100000", fanout: "1000", rate: "200" }

export const isOn = (options: Options, name: string): boolean =>
  options[name] !== undefined && options[name] !== "false"

/** Every mistake in one report. */
export const parseQuestion = (options: Options): Effect.Effect<Question, BenchFailure> => {
  const mistakes: Array<string> = []
  const number = (name: string, fallback: number | undefined, least: number): number => {
    const text = options[name]
    if (text === undefined && fallback !== undefined) return fallback
    const value = text === undefined || text === "" ? Number.NaN : Number(text)
    if (Number.isFinite(value) && value >= least) return value
    mistakes.push(
      text === undefined
        ? `--${name} is missing`
        : `--${name}: must be a number from ${least}, not ${text}`
    )
    return least
  }
  const connections = number("connections", undefined, 1)
  const fanout = number("fanout", undefined, 1)
  const rate = number("rate", undefined, 0)
  const subscriptions = number("subscriptions", 1, 1)
  if (fanout > connections) mistakes.push("--fanout: must not be more than --connections")
  const channels = Math.max(1, Math.round((connections * subscriptions) / fanout))
  const question: Question = {
    demand: {
      ...{ connections, fanout, rate, subscriptions },
      payloadBytes: number("payload", 128, 1),
      channels: number("channels", channels, 1),
      logged: isOn(options, "logged"),
      unary: isOn(options, "unary"),
      lifetimeSeconds: number("lifetime", 3_600, 1)
    },
    limits: {
      utilisation: number("utilisation", 0.6, 0.01),
      turnSeconds: number("turn-ms", 20, 1) / 1_000,
      connectionsPerNode: number("connections-per-node", 50_000, 1),
      memoryBytes: number("memory-mb", 4_096, 1) * 1_048_576,
      networkBytesPerSecond: number("network-mbit", 10_000, 1) * 125_000,
      spare: number("spare", 1, 0)
    }
  }
  if (mistakes.length === 0) return Effect.succeed(question)
  return Effect.fail(
    new BenchFailure({ message: [...mistakes, "--help tells what can be asked"].join("\n") })
  )
}
