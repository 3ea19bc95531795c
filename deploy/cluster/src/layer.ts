/**
 * How the command's parts fit: Redis first, then the nodes, then whoever types.
 */
import { resolve } from "node:path"
import { childEnvironment } from "@weir/config/ChildEnvironment"
import { ConfigMistakes, loadSettings } from "@weir/config/LoadSettings"
import { ensureBuilt } from "@weir/console/build"
import { drainLimitMs } from "@weir/core/DrainSettings"
import { parseRedisUrl } from "@weir/redis/RedisUrl"
import * as Logs from "@weir/telemetry/Logs"
import { ConfigProvider, Console, Effect, Result } from "effect"
import * as Commands from "./Commands.ts"
import * as FreePorts from "./FreePorts.ts"
import * as Members from "./Members.ts"
import { type Options, parseOptions, usage } from "./Options.ts"
import { host, type NodePlan, planAnother, planNodes, portsOf } from "./Plan.ts"
import * as RedisServer from "./RedisServer.ts"
import * as Report from "./Report.ts"
import * as Ring from "./Ring.ts"
import * as ServiceNode from "./ServiceNode.ts"

type Variables = Readonly<Record<string, string>>

/** The nodes would each find the same mistakes: they are told once, before anything starts. */
const requireSettings = Effect.fnUntraced(function* (variables: Variables, redisUrl: string) {
  const environment = childEnvironment(variables)
  const settings = yield* loadSettings({ node: "cluster" }).pipe(
    Effect.provideService(
      ConfigProvider.ConfigProvider,
      ConfigProvider.fromEnvRecord(environment as Record<string, string>)
    )
  )
  if (settings.nodes.length > 0) {
    return yield* new ConfigMistakes({
      mistakes: [
        `${environment["WEIR_CONFIG"]}: nodes: leave them out here, since this command starts and finds its own`
      ]
    })
  }
  const target = parseRedisUrl(redisUrl)
  if (Result.isSuccess(target)) return { settings, target: target.success }
  return yield* new ConfigMistakes({ mistakes: [`--redis: ${target.failure}`] })
})

const run = Effect.fnUntraced(function* (options: Options, drains: (ms: number) => void) {
  const { counts, json, portBase, supervise } = options
  const plans = planNodes(counts, portBase)
  const redisUrl = options.redis ?? `redis://${host}:${portBase}`
  const variables: Variables = {
    WEIR_DEVELOPMENT: "true",
    WEIR_HOST: host,
    WEIR_ADVERTISE: "",
    WEIR_REDIS_URL: redisUrl,
    ...(options.config === undefined ? {} : { WEIR_CONFIG: resolve(options.config) }),
    ...(options.profile === undefined ? {} : { WEIR_PROFILE: options.profile })
  }
  const { settings, target } = yield* requireSettings(variables, redisUrl)
  const drainMs = drainLimitMs(settings.drain)
  drains(drainMs)
  const ownRedis = options.redis === undefined ? [portBase] : []
  yield* FreePorts.requireFree([...ownRedis, ...plans.flatMap(portsOf)])

  const report = Report.make(json)
  const redisServer =
    options.redis === undefined ? yield* RedisServer.make(portBase, report) : undefined
  const members = yield* Members.make({ supervise, report })
  const [pageDirectory, redisLine] = yield* Effect.all(
    [
      Effect.promise(ensureBuilt),
      Effect.suspend(() => {
        if (redisServer === undefined) return Effect.succeed([])
        members.add(redisServer)
        return Effect.map(members.start("redis"), (line) => [line])
      })
    ],
    { concurrency: "unbounded" }
  )

  const shared = { ...variables, WEIR_PAGE_DIRECTORY: pageDirectory }
  const node = (plan: NodePlan) => ServiceNode.make(plan, { shared, report, drainMs })
  for (const plan of plans) members.add(node(plan))
  const startAll = (wanted: (plan: NodePlan) => boolean) =>
    Effect.forEach(plans.filter(wanted), ({ name }) => members.start(name), {
      concurrency: "unbounded"
    })
  // Connectors last: clients meet a mesh that is up.
  const inner = yield* startAll(({ role }) => role !== "connector")
  const connectors = yield* startAll(({ role }) => role === "connector")
  report.allReady([...redisLine, ...connectors, ...inner])

  let added = 0
  yield* Commands.listen({
    members,
    report,
    // What is logged goes where the nodes' logs go: standard output is for answers.
    ring: Effect.provide(Ring.read(target), Logs.layer(settings.logFormat, settings.logLevel)),
    another: (name) => {
      const plan = planAnother(name, portBase, plans.length + added)
      if (plan === undefined) return undefined
      added += 1
      return node(plan)
    }
  })
  return yield* Effect.never
})

/**
 * The whole command; it ends when it is interrupted, and everything with it. `drains`: is told how
 * long that may take for the connectors' sake.
 */
export const cluster = Effect.fnUntraced(function* (
  args: ReadonlyArray<string>,
  drains: (ms: number) => void
) {
  const options = yield* parseOptions(args)
  if (options === undefined) return yield* Console.log(usage)
  return yield* Effect.scoped(run(options, drains))
})
