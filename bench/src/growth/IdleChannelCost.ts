/**
 * IdleChannelCost: what channels that nobody publishes to add to a busy one's deliveries.
 */
import { Effect } from "effect"
import { coresFor, startOptions } from "../Cores.ts"
import { open as openDriver } from "../Driver.ts"
import type { IdleChannelsJob } from "../driver/jobs/IdleChannels.ts"
import { localAddresses } from "../driver/LocalAddresses.ts"
import { alternate, median, ratioOf } from "../Pairs.ts"
import type { Chart, Context, Figures } from "../Scenario.ts"
import type { Running, System } from "../System.ts"
import { burstsOn, usedBy } from "./FanoutCost.ts"
import type { Part } from "./Part.ts"

const idleChannels = 100_000
export const channelsPerConnection = 100
const subscribers = 1_000
const perBurst = 8
const openLimitMs = 600_000

interface Cost extends Figures {
  readonly microsPerDelivery: number
}

/** Subscribed when it returns, and until the scope ends. */
export const openIdleChannels = Effect.fnUntraced(function* (
  { subscribing }: Running,
  channels: number,
  driver: number
) {
  const job: IdleChannelsJob = {
    kind: "idleChannels",
    subscribing,
    name: `idle-${driver}`,
    connections: Math.ceil(channels / channelsPerConnection),
    channels: channelsPerConnection,
    localAddresses: localAddresses(driver)
  }
  const opened = yield* openDriver(job, { core: coresFor(1).driverCore })
  yield* opened.event("opened", openLimitMs)
})

export const idleChannelCost = Effect.fnUntraced(function* (system: System, context: Context) {
  const { pairs, progress, scale, seconds } = context
  const many = Math.ceil((idleChannels * scale) / channelsPerConnection) * channelsPerConnection
  const audience = Math.max(10, Math.round(subscribers * scale))

  const measure = (channels: number) =>
    Effect.scoped(
      Effect.gen(function* () {
        const running = yield* system.start(startOptions(1, false))
        if (channels > 0) yield* openIdleChannels(running, channels, 1)
        const result = yield* burstsOn(running, { subscribers: audience, perBurst, seconds })
        const microsPerDelivery = (usedBy(result, "connector") * 1e6) / result.deliveries
        progress(
          `beside ${channels} idle channels: ${microsPerDelivery.toFixed(3)} µs per delivery`
        )
        const cost: Cost = {
          system: "weir",
          part: "idle channels",
          ...{ idleChannels: channels, subscribers: audience, burst: perBurst },
          deliveries: result.deliveries,
          lost: result.lost,
          misordered: result.misordered,
          microsPerDelivery,
          routerMicrosPerPublication: (usedBy(result, "router") * 1e6) / result.publications
        }
        return cost
      })
    )

  const [without, beside] = yield* alternate(pairs, [0, many], measure)
  const microsOf = (costs: ReadonlyArray<Cost> | undefined) =>
    (costs ?? []).map((it) => it.microsPerDelivery)
  // As everywhere: above 1, what we claim is cheaper, and here it is the crowded one.
  const ratio = ratioOf(microsOf(beside), microsOf(without))
  const chart: Chart = {
    title: "CPU per delivery beside idle channels",
    x: "idle channels",
    y: "µs per delivery",
    series: [
      {
        name: `${audience} subscribers, bursts of ${perBurst}`,
        points: [
          [0, median(microsOf(without))],
          [many, median(microsOf(beside))]
        ]
      }
    ]
  }
  const part: Part = {
    runs: [...(without ?? []), ...(beside ?? [])],
    ratios: { "weir@idle-channels": ratio },
    charts: [chart],
    notes: [
      `${many} idle channels add ${((1 / ratio.median - 1) * 100).toFixed(1)} % to a hot channel's delivery`
    ]
  }
  return part
})
