/**
 * Policies: what becomes of clients that read slowly, or not at all, under each policy for
 * them, and what all others notice of it.
 *
 * Every publication is accounted for: each slow client was given it, or was told that it would
 * not be, or the policy's own word is that nobody is owed it.
 */
import { Effect, type Scope } from "effect"
import { coresFor, startOptions } from "../Cores.ts"
import { drive } from "../Driver.ts"
import type { SlowJob, SlowResult } from "../driver/jobs/Slow.ts"
import type { SlowOnes } from "../driver/SlowOnes.ts"
import { alternate, median, ratioOf } from "../Pairs.ts"
import type { Chart, Context, Figures, Ratio, Scenario } from "../Scenario.ts"
import { isInside as areBuffersSmall } from "../SmallBuffers.ts"
import { BenchFailure, type NamespaceSettings, type System } from "../System.ts"
import { kernelCap, knowWhy, memoryCap, type Policy, policies, wrongs } from "./PolicyRules.ts"

const usualSubscribers = 1_000
const slowShare = 0.1
const stoppedShare = 0.005
const perSecond = 12
const dataBytes = 8_192
const usualSeconds = 18
/** Who reads nothing for longer is asked for a sign of life, and ended: that is another rule. */
const mostSeconds = 18
const warmupSeconds = 3
const mebibyte = 1_048_576

interface Variant {
  readonly policy: Policy
  readonly hasSlow: boolean
}

const namespaces: Readonly<Record<string, NamespaceSettings>> = Object.fromEntries(
  policies.map(({ name, settings }) => [name, settings])
)

const fateOf = ({ closed, complete, count, received, silent, told }: SlowOnes): string =>
  [
    `${complete} of ${count} have everything`,
    `${closed} were closed`,
    `${silent} lack something that no gap names`,
    `${received} publications given, ${told} told of`
  ].join(", ")

const figuresOf = ({ owesNewest }: Policy, name: string, ones: SlowOnes) => ({
  [name]: ones.count,
  [`${name}Complete`]: ones.complete,
  [`${name}Closed`]: ones.closed,
  [`${name}KnowWhy`]: knowWhy(ones),
  [`${name}Newest`]: ones.newest,
  [`${name}Received`]: ones.received,
  [`${name}Told`]: ones.told,
  [`${name}Conflated`]: owesNewest ? ones.unaccounted : 0,
  [`${name}Unaccounted`]: owesNewest ? 0 : ones.unaccounted
})

const runOnce = Effect.fnUntraced(function* (
  weir: System,
  { hasSlow, policy }: Variant,
  { options, progress, scale, seconds }: Context
): Effect.fn.Return<Figures, BenchFailure, Scope.Scope> {
  const logged = policy.settings["logged"] === true
  const running = yield* weir.start({ ...startOptions(1, logged), namespaces })
  const { others, publishing, servers, subscribing, version } = running
  const subscribers = Math.max(20, Math.round(usualSubscribers * scale))
  const atLeastOne = (share: number) => Math.max(1, Math.round(subscribers * share))
  const job: SlowJob = {
    kind: "slow",
    ...{ subscribing, publishing, subscribers, perSecond, dataBytes, servers },
    stopped: hasSlow ? atLeastOne(stoppedShare) : 0,
    slow: hasSlow ? atLeastOne(slowShare) : 0,
    channel: `${policy.name}:bench`,
    keys: policy.keys,
    warmupSeconds: Math.min(warmupSeconds, seconds),
    seconds: options["seconds"] === undefined ? usualSeconds : seconds,
    processes: [...servers, ...others]
  }
  const result = yield* drive<SlowResult>(job, { core: coresFor(1).driverCore })
  const { kernel, latency, memory, slowOnes, stoppedOnes } = result
  const cpuSeconds = servers.reduce((sum, it) => sum + (result.cpuSeconds[it.name] ?? 0), 0)
  const found = wrongs(policy, result, dataBytes)
  const figures: Figures = {
    ...{ system: weir.name, version, policy: policy.name, subscribers },
    impaired: job.slow + job.stopped,
    buffers: areBuffersSmall ? "small" : "usual",
    p50Millis: latency.p50 / 1000,
    p99Millis: latency.p99 / 1000,
    maxMillis: latency.max / 1000,
    driverLateMillis: result.lateMicros / 1000,
    serverCores: cpuSeconds / result.seconds,
    driverCores: result.driverCpuSeconds / result.seconds,
    memoryGrowthMiB: (memory.most - memory.before) / mebibyte,
    kernelGrowthMiB: (kernel.most - kernel.before) / mebibyte,
    outboxes: result.outboxes,
    endedAsSlow: result.endedAsSlow,
    published: result.publications + Math.ceil(job.warmupSeconds * perSecond),
    lost: result.lost,
    misordered: result.misordered + slowOnes.misordered + stoppedOnes.misordered,
    closed: result.closed,
    ...figuresOf(policy, "slow", slowOnes),
    ...figuresOf(policy, "stopped", stoppedOnes),
    wrongs: found.length
  }
  progress(
    `${policy.name}, ${job.slow} slow and ${job.stopped} stopped: p50 ${latency.p50 / 1000} ms, ` +
      `p99 ${latency.p99 / 1000} ms, lost ${result.lost}`
  )
  if (hasSlow) {
    progress(`  slow: ${fateOf(slowOnes)}`)
    progress(`  stopped: ${fateOf(stoppedOnes)}; ${result.outboxes} wait in outboxes`)
  }
  for (const wrong of found) progress(`  ${policy.name}: ${wrong}`)
  return figures
})

const column = (runs: ReadonlyArray<Figures>, figure: string): ReadonlyArray<number> =>
  runs.map((run) => Number(run[figure]))

const mid = (runs: ReadonlyArray<Figures>, figure: string): number => median(column(runs, figure))

const sumOf = (runs: ReadonlyArray<Figures>, ...figures: ReadonlyArray<string>): number =>
  figures.flatMap((figure) => column(runs, figure)).reduce((sum, it) => sum + it, 0)

interface Measured {
  readonly policy: Policy
  readonly without: ReadonlyArray<Figures>
  readonly beside: ReadonlyArray<Figures>
}

/** Of one of them. */
const each = (runs: ReadonlyArray<Figures>, who: string, what: string): string =>
  (mid(runs, `${who}${what}`) / mid(runs, who)).toFixed(0)

const notesOf = ({ beside, policy, without }: Measured): ReadonlyArray<string> => {
  const { name } = policy
  const impaired = Number(beside[0]!["impaired"])
  const lost = sumOf([...without, ...beside], "lost")
  const found = sumOf([...without, ...beside], "wrongs")
  const owed = sumOf(beside, "published") / beside.length
  const [growth, usual] = [mid(beside, "memoryGrowthMiB"), mid(without, "memoryGrowthMiB")]
  const cap = memoryCap(policy, impaired, dataBytes) / mebibyte
  return [
    `${name}: p99 of those that read ${mid(without, "p99Millis").toFixed(1)} ms, beside slow ones ` +
      `${mid(beside, "p99Millis").toFixed(1)} ms, ${lost} lost; ` +
      (found === 0
        ? `it does what it says: ${policy.says}`
        : `in ${found} points it does not do what it says`),
    `${name}: of ${owed} publications a stopped one was given ` +
      `${each(beside, "stopped", "Received")} and told of ${each(beside, "stopped", "Told")}, a slow ` +
      `one ${each(beside, "slow", "Received")} and ${each(beside, "slow", "Told")}; ` +
      `${sumOf(beside, "slowClosed", "stoppedClosed")} of ${impaired * beside.length} were closed, ` +
      `${sumOf(beside, "endedAsSlow")} as slow consumers, and ` +
      `${sumOf(beside, "slowKnowWhy", "stoppedKnowWhy")} have read the code`,
    `${name}: ${mid(beside, "outboxes")} frames in the outboxes of ${impaired} slow ones ` +
      `(at most ${policy.mostInOutbox(dataBytes) * impaired}); memory grew by ${growth.toFixed(0)} MiB, ` +
      `without them by ${usual.toFixed(0)}: ${growth - usual <= cap ? "within" : "beyond"} the ` +
      `${cap.toFixed(0)} MiB that they may add; the kernel's by ${mid(beside, "kernelGrowthMiB").toFixed(1)} ` +
      `MiB, without them by ${mid(without, "kernelGrowthMiB").toFixed(1)} (they may add ` +
      `${(kernelCap(impaired) / mebibyte).toFixed(1)})`
  ]
}

const chartOf = (measured: ReadonlyArray<Measured>): Chart => ({
  title: "p99 of those that read, without slow ones (0) and beside them (10.5)",
  x: "percent that read slowly or not at all",
  y: "ms",
  series: measured.map(({ beside, policy, without }) => ({
    name: policy.name,
    points: [
      [0, mid(without, "p99Millis")],
      [(slowShare + stoppedShare) * 100, mid(beside, "p99Millis")]
    ]
  }))
})

const chosen = Effect.fnUntraced(function* (list: string | undefined) {
  const names = list?.split(",") ?? policies.map(({ name }) => name)
  const unknown = names.filter((name) => !policies.some((it) => it.name === name))
  if (unknown.length === 0) return policies.filter(({ name }) => names.includes(name))
  const known = policies.map(({ name }) => name).join(", ")
  return yield* new BenchFailure({ message: `--policy: ${unknown.join(", ")} is none of ${known}` })
})

const buffersNote = areBuffersSmall
  ? "sockets have at most 32 KiB of the kernel in each direction, in a network namespace; its memory is that of all TCP sockets of the machine"
  : "the kernel's usual buffers: they hide for megabytes that a client does not read"

export const scenario: Scenario = {
  name: "policies",
  summary:
    "10 % of 1,000 subscribers read slowly and 5 stop, under each policy for them; --policy NAME,…",
  peers: [],
  smallBuffers: true,
  run: Effect.fnUntraced(function* (context) {
    const weir = context.systems.find(({ name }) => name === "weir")
    if (weir === undefined) return yield* new BenchFailure({ message: "policies is about weir" })
    if (context.options["seconds"] !== undefined && context.seconds > mostSeconds) {
      const why = "who reads nothing for longer is ended for its silence"
      return yield* new BenchFailure({ message: `--seconds: at most ${mostSeconds}: ${why}` })
    }
    const asked = yield* chosen(context.options["policy"])
    const variants = asked.flatMap((policy) =>
      [false, true].map((hasSlow): Variant => ({ policy, hasSlow }))
    )
    const rounds = yield* alternate(context.pairs, variants, (variant) =>
      Effect.scoped(runOnce(weir, variant, context))
    )
    const measured = asked.map(
      (policy, index): Measured => ({
        policy,
        without: rounds[2 * index]!,
        beside: rounds[2 * index + 1]!
      })
    )
    // Of one and the same: 1, if nobody notices the slow ones.
    const ratios: Record<string, Ratio> = Object.fromEntries(
      measured.map(({ beside, policy, without }) => [
        `${policy.name}@slow/none`,
        ratioOf(column(without, "p99Millis"), column(beside, "p99Millis"))
      ])
    )
    return {
      scenario: "policies",
      runs: rounds.flat(),
      settings: ["policy", "subscribers", "impaired", "buffers"],
      ratios,
      charts: [chartOf(measured)],
      notes: [
        ...measured.flatMap(notesOf),
        buffersNote,
        "`…@slow/none`: p99 of those that read, beside slow ones over that without any: below 1.5 is wanted"
      ]
    }
  })
}
