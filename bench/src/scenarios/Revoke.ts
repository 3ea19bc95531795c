/**
 * Revoke: how soon what is taken from somebody is gone on every connector, under load, and on
 * one that was cut off as soon as it is back.
 */
import { Effect, type Scope } from "effect"
import { drive } from "../Driver.ts"
import type { RevokeJob, RevokeResult } from "../driver/jobs/Revoke.ts"
import type { Chart, Context, Figures, Scenario } from "../Scenario.ts"
import type { BenchFailure } from "../System.ts"
import { processesOf, startNodes } from "../systems/WeirNodes.ts"
import { benchIssuer, signToken } from "../Token.ts"

const usualUsers = 200
const connectors = 3
/** To all of them: 30,000 deliveries a second. */
const perSecond = 50
/** One in ten is revoked while a connector hears nothing. */
const shareWhileCut = 0.1

const quantile = (values: ReadonlyArray<number>, share: number): number => {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0
}

const figuresOf = (name: string, values: ReadonlyArray<number>) => ({
  [`${name}P50Ms`]: quantile(values, 0.5),
  [`${name}P99Ms`]: quantile(values, 0.99),
  [`${name}MaxMs`]: Math.max(...values)
})

const runOnce = Effect.fnUntraced(function* ({
  scale
}: Context): Effect.fn.Return<
  { readonly figures: Figures; readonly result: RevokeResult },
  BenchFailure,
  Scope.Scope
> {
  const nodes = yield* startNodes({
    store: "redis",
    counts: { router: 1, connector: connectors, presence: 1, auth: 1 },
    coreOf: () => undefined
  })
  const count = Math.max(10, Math.round(usualUsers * scale))
  const whileCut = Math.ceil(count * shareWhileCut)
  const users = Array.from({ length: count + whileCut }, (_, index) => `user-${index}`)
  const held = nodes.of("connector")
  const job: RevokeJob = {
    kind: "revoke",
    addresses: held.map(({ http }) => http!),
    publishing: { kind: "weir", addresses: [nodes.of("router")[0]!.grpc!], key: "dev-key" },
    users,
    tokens: users.map((user) => signToken(benchIssuer, user, Date.now())),
    channel: "live:bench",
    perSecond,
    cutPid: held.at(-1)!.pid,
    whileCut
  }
  const result = yield* drive<RevokeResult>(job, { core: undefined })
  const figures: Figures = {
    ...{ system: "weir", version: nodes.version, connectors, revocations: result.ended.length },
    ...figuresOf("ended", result.ended),
    ...figuresOf("refused", result.refused),
    ...figuresOf("afterCut", result.afterCut),
    ...{ acceptedLate: result.acceptedLate, wrong: result.wrong, deliveries: result.deliveries },
    processes: processesOf(nodes).length
  }
  return { figures, result }
})

const percentiles = [0.5, 0.9, 0.99, 1]

const chartOf = ({ afterCut, ended, refused }: RevokeResult): Chart => ({
  title: "From a revocation until it holds everywhere",
  x: "share of revocations",
  y: "milliseconds",
  series: [
    ["connections ended", ended] as const,
    ["ticket refused", refused] as const,
    ["ended after a cut", afterCut] as const
  ].map(([name, values]) => ({
    name,
    points: percentiles.map((share) => [share, quantile(values, share)] as const)
  }))
})

export const scenario: Scenario = {
  name: "revoke",
  summary: "200 users on three connectors are revoked under load: when it holds everywhere",
  peers: [],
  run: Effect.fnUntraced(function* (context) {
    const { figures, result } = yield* Effect.scoped(runOnce(context))
    const say = (name: string) =>
      `p50 ${Math.round(Number(figures[`${name}P50Ms`]))} ms, p99 ${Math.round(Number(figures[`${name}P99Ms`]))} ms, at most ${Math.round(Number(figures[`${name}MaxMs`]))} ms`
    return {
      scenario: "revoke",
      runs: [figures],
      settings: ["connectors"],
      ratios: {},
      charts: [chartOf(result)],
      notes: [
        `until all connections of a user had ended: ${say("ended")}`,
        `until a ticket was refused: ${say("refused")}`,
        `on a connector that had heard nothing for 3 s, once it was back: ${say("afterCut")}`,
        `${figures["acceptedLate"]} tickets were accepted after that, and ${figures["wrong"]} connections did not end with 3505`
      ]
    }
  })
}
