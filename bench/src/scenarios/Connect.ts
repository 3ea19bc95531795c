/**
 * Connect: what a handshake costs in which a client says who it is: with a token, which
 * the auth service verifies, and with a ticket, which the connector verifies by itself.
 */
import { Effect, type Scope } from "effect"
import { coresFor, startOptions } from "../Cores.ts"
import { drive } from "../Driver.ts"
import type { IntroductionName } from "../driver/Introductions.ts"
import type { HandshakesJob, HandshakesResult } from "../driver/jobs/Handshakes.ts"
import { forHandshakes, localAddresses } from "../driver/LocalAddresses.ts"
import { alternate, median, ratioOf } from "../Pairs.ts"
import type { Context, Figures, Ratio, Scenario } from "../Scenario.ts"
import type { BenchFailure, Process, System } from "../System.ts"
import { startPeer } from "../systems/PeerProcess.ts"
import { processesOf, startNodes } from "../systems/WeirNodes.ts"
import { benchIssuer } from "../Token.ts"

const atOnce = 64
/** Open together: few enough for the descriptors of a process. */
const usualPerRound = 4_000
const rounds = 6

const { driverCore, otherCore, serverCore } = coresFor(1)

interface Target {
  readonly version: string
  readonly address: string
  /** Who holds the sockets. */
  readonly server: string
  readonly processes: ReadonlyArray<Process>
}

type Start = Effect.Effect<Target, BenchFailure, Scope.Scope>

interface Variant {
  readonly system: string
  readonly introduction: IntroductionName
  readonly start: Start
}

const startWeir: Start = Effect.gen(function* () {
  const nodes = yield* startNodes({
    store: "memory",
    counts: { router: 1, connector: 1, presence: 1, auth: 1 },
    coreOf: (role) => (role === "connector" ? serverCore : otherCore)
  })
  const [connector] = nodes.of("connector")
  return {
    version: nodes.version,
    address: connector!.http!,
    server: connector!.name,
    processes: processesOf(nodes)
  }
})

const startWs: Start = Effect.gen(function* () {
  const server = yield* startPeer("wsAnswer", [], serverCore)
  const { address, name, pid, version } = server
  return { version, address, server: name, processes: [{ name, pid }] }
})

const startOther = (system: System): Start =>
  Effect.gen(function* () {
    const { others, servers, subscribing, version } = yield* system.start(startOptions(1, false))
    return {
      version,
      address: subscribing.addresses[0]!,
      server: servers[0]!.name,
      processes: [...servers, ...others]
    }
  })

const weirVariants: ReadonlyArray<Variant> = [
  { system: "weir", introduction: "weir-token", start: startWeir },
  { system: "weir", introduction: "weir-ticket", start: startWeir }
]

const variantsOf = (systems: ReadonlyArray<System>): ReadonlyArray<Variant> => [
  ...weirVariants,
  ...systems.flatMap((system): ReadonlyArray<Variant> => {
    if (system.name === "ws") return [{ system: "ws", introduction: "ws", start: startWs }]
    if (system.name !== "socket.io") return []
    return [{ system: "socket.io", introduction: "socket.io", start: startOther(system) }]
  })
]

const measure = ({ introduction, start, system }: Variant, scale: number) =>
  Effect.scoped(
    Effect.gen(function* () {
      const { address, processes, server, version } = yield* start
      const job: HandshakesJob = {
        kind: "handshakes",
        ...{ introduction, address, atOnce, rounds, processes },
        localAddresses: localAddresses(1, forHandshakes),
        issuer: benchIssuer,
        perRound: Math.max(atOnce, Math.round(usualPerRound * scale))
      }
      const result = yield* drive<HandshakesResult>(job, { core: driverCore })
      const { cpuSeconds, driverCpuSeconds, handshakes, latency, seconds } = result
      const each = (name: string) => ((cpuSeconds[name] ?? 0) / handshakes) * 1e6
      const figures: Figures = {
        ...{ system, version, variant: introduction },
        handshakes,
        perSecond: handshakes / seconds,
        cpuMicrosPerHandshake: each(server),
        authCpuMicrosPerHandshake: system === "weir" ? each("auth-1") : null,
        p50Ms: latency.p50 / 1000,
        p99Ms: latency.p99 / 1000,
        driverCores: driverCpuSeconds / seconds
      }
      return figures
    })
  )

const cost = (runs: ReadonlyArray<Figures>): ReadonlyArray<number> =>
  runs.map((run) => Number(run["cpuMicrosPerHandshake"]))

export const scenario: Scenario = {
  name: "connect",
  summary: "authenticated handshakes, 64 at once: CPU of each, with a token and with a ticket",
  peers: ["ws", "socket.io"],
  run: Effect.fnUntraced(function* ({ pairs, progress, scale, systems }: Context) {
    const variants = variantsOf(systems)
    const runs = yield* alternate(pairs, variants, (variant, round) => {
      progress(`round ${round + 1}: ${variant.introduction}`)
      return measure(variant, scale)
    })
    const ratios: Record<string, Ratio> = {}
    variants.forEach(({ system }, index) => {
      if (system === "weir") return
      ratios[`${system}@token`] = ratioOf(cost(runs[0]!), cost(runs[index]!))
      ratios[`${system}@ticket`] = ratioOf(cost(runs[1]!), cost(runs[index]!))
    })
    return {
      scenario: "connect",
      runs: runs.flat(),
      ratios,
      charts: [
        {
          title: "Authenticated handshakes",
          x: "connections at once",
          y: "CPU µs of whoever holds the socket",
          series: variants.map(({ introduction }, index) => ({
            name: introduction,
            points: [[atOnce, median(cost(runs[index]!))] as const]
          }))
        }
      ],
      notes: [
        "ratios: CPU of whoever holds the socket, the peer's over the connector's; 0.5 is twice as much",
        "auth's own CPU stands beside it: a ticket needs none of it"
      ]
    }
  })
}
