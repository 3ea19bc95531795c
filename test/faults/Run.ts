/**
 * Run: one scenario from an empty Redis to the verdict.
 */
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { shardCount } from "@weir/core/ChannelName"
import { check, type Judgement } from "./checker/Check.ts"
import { type Deployment, deploy } from "./Deployment.ts"
import { type FaultProxy, start as startProxy } from "./FaultProxy.ts"
import { type HistoryEvent, now } from "./history/History.ts"
import { writeHistory } from "./history/HistoryFile.ts"
import { randomFrom } from "./Random.ts"
import type { Scenario, Stage } from "./Scenario.ts"
import { type Hit, type Percentiles, percentilesOf, writesBackOf } from "./WritesBack.ts"
import { startWorkload, usualWorkload, type WorkloadOptions } from "./workload/Workload.ts"

export interface RunOptions {
  readonly seed: number
  readonly rounds?: number | undefined
  readonly seconds?: number | undefined
  readonly workload?: Partial<WorkloadOptions>
  /** Where the history and the logs of the processes are kept. */
  readonly directory: string
  readonly onProgress?: (what: string) => void
}

export interface Outcome {
  readonly scenario: Scenario
  readonly seed: number
  readonly seconds: number
  readonly judgement: Judgement
  readonly writesBack: Percentiles | undefined
  readonly disconnected: number
  /** What the scenario expected beyond its class, and did not see. */
  readonly unmet: ReadonlyArray<string>
  readonly complaints: ReadonlyArray<string>
  readonly notes: ReadonlyArray<string>
  readonly directory: string
}

export const hasPassed = ({ complaints, judgement, unmet }: Outcome): boolean =>
  judgement.violations.length + unmet.length + complaints.length === 0

const quietMs = 2_000
const ownersLimitMs = 15_000
/** How many shards have an owner, as the routers themselves say. */
const shardsOwned = async (deployment: Deployment): Promise<number> => {
  const owned = await Promise.all(
    deployment.running("router").map((name) => deployment.metric(name, "weir_router_shards_owned"))
  )
  return owned.reduce<number>((sum, it) => sum + (it ?? 0), 0)
}

export const run = async (scenario: Scenario, options: RunOptions): Promise<Outcome> => {
  const { directory, seed } = options
  mkdirSync(directory, { recursive: true })
  const random = randomFrom(seed)
  const events: Array<HistoryEvent> = []
  const file = writeHistory(join(directory, "history.jsonl"))
  const begin = now()
  const say = (what: string) =>
    options.onProgress?.(`${scenario.name} ${((now() - begin) / 1000).toFixed(1)} s: ${what}`)
  const record = (event: HistoryEvent) => {
    events.push(event)
    file.record(event)
  }
  const hits: Array<Hit> = []
  const unmet: Array<string> = []
  const notes: Array<string> = []

  say("starting processes")
  const deployment = await deploy(scenario.deployment ?? {}, record)
  const proxies: Array<FaultProxy> = []
  try {
    if (scenario.clientProxies === true) {
      for (const address of deployment.addresses("connector"))
        proxies.push(await startProxy(address))
    }
    const workload = await startWorkload(
      deployment,
      random.fork(),
      record,
      { ...usualWorkload, ...options.workload },
      proxies.length === 0 ? undefined : () => proxies.map(({ address }) => address)
    )
    try {
      const ackedSince = (channel: string, from: number) => {
        for (let index = events.length - 1; index >= 0; index--) {
          const event = events[index]!
          if (event.t < from) return false
          if (event.type === "publish" && event.phase === "ok" && event.channel === channel)
            return true
        }
        return false
      }
      const stage: Stage = {
        deployment,
        workload,
        random: random.fork(),
        rounds: options.rounds ?? scenario.rounds ?? 1,
        seconds: options.seconds ?? scenario.seconds ?? 30,
        clientProxies: proxies,
        sleep: (ms) => sleep(ms),
        fault: (name, target, channels = []) => {
          say(`${name} ${target}`)
          const t = now()
          record({ t, type: "fault", phase: "start", name, target })
          if (channels.length > 0) hits.push({ t, channels })
        },
        healed: (name, target) => {
          say(`${name} ${target} is over`)
          record({ t: now(), type: "fault", phase: "stop", name, target })
        },
        expect: (holds, what) => {
          if (!holds) unmet.push(what)
        },
        note: (what) => void notes.push(what),
        writesBack: async (channels, limitMs = 20_000) => {
          const from = now()
          while (now() < from + limitMs) {
            if (channels.every((channel) => ackedSince(channel, from))) return true
            await sleep(100)
          }
          return false
        }
      }
      await sleep(quietMs)
      await scenario.run(stage)
      say("all faults are over")
      await sleep(quietMs)
      const end = now() + ownersLimitMs
      // The count that ended the wait: a moment later some may be on their way to a router that
      // is back.
      let owned = await shardsOwned(deployment)
      while (owned !== shardCount && now() < end) {
        await sleep(100)
        owned = await shardsOwned(deployment)
      }
      stage.expect(owned === shardCount, `the routers own ${owned} shards of ${shardCount}`)
      await workload.settle()
      await workload.finish()
    } finally {
      await workload.close()
    }
    for (const [name, log] of deployment.logs()) writeFileSync(join(directory, `${name}.log`), log)
    say("checking")
    const judgement = check(events, {
      class: scenario.class,
      ...(scenario.divergence === undefined ? {} : { divergence: scenario.divergence }),
      delivery: (channel) => (channel.startsWith("state:") ? "latest" : "all"),
      logged: (channel) => !channel.startsWith("live:")
    })
    return {
      ...{ scenario, seed, directory, judgement, unmet, notes },
      seconds: (now() - begin) / 1000,
      writesBack: percentilesOf(writesBackOf(events, hits)),
      disconnected: workload.disconnected(),
      complaints: [...new Set(workload.complaints)]
    }
  } finally {
    file.close()
    for (const proxy of proxies) await proxy.close()
    await deployment.close()
  }
}
