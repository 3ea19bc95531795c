/**
 * Mix: F22. Faults of all kinds by chance, one every five seconds, some at once.
 */
import { channelsOf } from "../Placement.ts"
import type { Scenario, Stage } from "../Scenario.ts"
import { channels, latestOnly, logged } from "../workload/Workload.ts"

const everyMs = 5_000
const quietShare = 0.25

/** One at a time for each target, and never the last of a role that is well. */
class Victims {
  readonly #stage: Stage
  readonly #busy = new Set<string>()

  constructor(stage: Stage) {
    this.#stage = stage
  }

  take(role: "router" | "connector" | "auth" | "presence", spare: number): string | undefined {
    const well = this.#stage.deployment.running(role).filter((name) => !this.#busy.has(name))
    return well.length > spare ? this.hold(this.#stage.random.pick(well)) : undefined
  }

  hold(name: string): string | undefined {
    if (this.#busy.has(name)) return undefined
    this.#busy.add(name)
    return name
  }

  letGo(name: string) {
    this.#busy.delete(name)
  }
}

type Harm = (
  stage: Stage,
  victims: Victims
) => { readonly name: string; readonly done: Promise<void> } | undefined

const hitBy = ({ deployment }: Stage, name: string) =>
  name.startsWith("router") ? channelsOf(deployment, name, channels) : []

const killed =
  (role: "router" | "connector" | "auth" | "presence", spare: number): Harm =>
  (stage, victims) => {
    const name = victims.take(role, spare)
    if (name === undefined) return undefined
    const act = async () => {
      stage.fault("kill -9", name, hitBy(stage, name))
      await stage.deployment.kill(name)
      await stage.sleep(500 + stage.random.below(3_000))
      await stage.deployment.start(name)
      stage.healed("kill -9", name)
    }
    return { name, done: act() }
  }

const paused: Harm = (stage, victims) => {
  const name = victims.take("router", 1)
  if (name === undefined) return undefined
  const act = async () => {
    stage.fault("SIGSTOP", name, hitBy(stage, name))
    stage.deployment.pause(name)
    await stage.sleep(1_000 + stage.random.below(8_000))
    stage.deployment.resume(name)
    stage.healed("SIGSTOP", name)
  }
  return { name, done: act() }
}

const cutFromRedis: Harm = (stage, victims) => {
  const name = victims.take("router", 1)
  if (name === undefined) return undefined
  const act = async () => {
    const proxy = stage.deployment.redisProxy(name)
    stage.fault("cut from Redis", name, hitBy(stage, name))
    proxy.set(
      stage.random.pick([
        { dropToClient: true },
        { dropToServer: true },
        { delayMs: 1_500, jitterMs: 1_500 }
      ])
    )
    await stage.sleep(1_000 + stage.random.below(6_000))
    proxy.heal()
    proxy.cut()
    stage.healed("cut from Redis", name)
  }
  return { name, done: act() }
}

const cutFromPeers: Harm = (stage, victims) => {
  const name = victims.take("router", 1)
  if (name === undefined) return undefined
  const act = async () => {
    const proxy = stage.deployment.meshProxy(name)
    stage.fault("half-open", name)
    proxy.set(stage.random.pick([{ dropToClient: true }, { dropToServer: true }]))
    await stage.sleep(1_000 + stage.random.below(6_000))
    proxy.heal()
    proxy.cut()
    stage.healed("half-open", name)
  }
  return { name, done: act() }
}

const redisKilled: Harm = (stage, victims) => {
  const name = victims.hold("redis")
  if (name === undefined) return undefined
  const act = async () => {
    const { server } = stage.deployment.redis
    stage.fault("kill -9", name, [...logged, ...latestOnly])
    await server.kill("SIGKILL")
    await stage.sleep(stage.random.below(2_000))
    await server.restart()
    stage.healed("kill -9", name)
  }
  return { name, done: act() }
}

const leaves: Harm = (stage, victims) => {
  const name = victims.take("router", 1)
  if (name === undefined) return undefined
  const act = async () => {
    stage.fault("leaves", name, hitBy(stage, name))
    await stage.deployment.stop(name)
    await stage.sleep(stage.random.below(3_000))
    await stage.deployment.start(name)
    stage.healed("leaves", name)
  }
  return { name, done: act() }
}

const harms: ReadonlyArray<Harm> = [
  killed("router", 1),
  killed("connector", 1),
  killed("presence", 0),
  killed("auth", 0),
  paused,
  paused,
  cutFromRedis,
  cutFromPeers,
  redisKilled,
  leaves
]

export const randomMix: Scenario = {
  name: "F22",
  fault: "a random mix of F1 to F9 and F15, one every 5 s",
  class: "A",
  seconds: 120,
  deployment: {
    redis: { shape: "single", persistence: "always" },
    redisProxies: ["router"],
    meshProxies: true
  },
  run: async (stage) => {
    const victims = new Victims(stage)
    const going = new Set<Promise<void>>()
    const end = performance.now() + stage.seconds * 1000
    while (performance.now() < end) {
      const isQuiet = stage.random.next() < quietShare
      const harm = isQuiet ? undefined : stage.random.pick(harms)(stage, victims)
      if (harm !== undefined) {
        const done = harm.done.finally(() => {
          victims.letGo(harm.name)
          going.delete(done)
        })
        going.add(done)
      }
      await stage.sleep(everyMs)
    }
    await Promise.all(going)
  }
}
