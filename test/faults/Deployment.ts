/**
 * Deployment: Weir as processes over a real Redis, each of which can be killed,
 * paused and cut off by its name.
 *
 * Names and ports stay over restarts. Whatever was started ends with `close`, and
 * with this process at the latest.
 */
import { once } from "node:events"
import { freePort } from "../harness/freePort.ts"
import { auth } from "../harness/Tokens.ts"
import { start as startProcess, type WeirProcess } from "../harness/WeirProcess.ts"
import { type FaultProxy, start as startProxy } from "./FaultProxy.ts"
import { type FaultRedis, type RedisOptions, startFaultRedis } from "./FaultRedis.ts"
import { type HistoryEvent, now } from "./history/History.ts"

export type Role = "router" | "connector" | "presence" | "auth"

export interface DeploymentOptions {
  readonly counts?: Partial<Readonly<Record<Role, number>>>
  readonly redis?: RedisOptions
  /** A proxy of its own between each node of these roles and Redis. One server only. */
  readonly redisProxies?: ReadonlyArray<Role>
  /** A proxy between everybody and each router's mesh port. */
  readonly meshProxies?: boolean
  /** Another Redis for some; the run's own if absent. */
  readonly redisUrlOf?: (name: string, redis: FaultRedis) => string
  /** More of the configuration. */
  readonly config?: object
  /** More of the environment, for a node by its name. */
  readonly env?: (name: string) => Readonly<Record<string, string>>
}

interface Place {
  readonly name: string
  readonly role: Role
  readonly env: Readonly<Record<string, string>>
  readonly redisProxy: FaultProxy | undefined
  readonly meshPort: number
  /** Of the proxy before the mesh port. */
  readonly meshProxyPort: number
  meshProxy: FaultProxy | undefined
  process: WeirProcess | undefined
  isPaused: boolean
  isEnding: boolean
}

export interface Deployment {
  readonly redis: FaultRedis
  /** Those that run, paused or not. */
  readonly running: (role: Role) => ReadonlyArray<string>
  readonly isPaused: (name: string) => boolean
  /** Where they listen, whether they run or not; of a connector `http`, of a router `grpc`. */
  readonly addresses: (role: "connector" | "router") => ReadonlyArray<string>
  readonly start: (name: string) => Promise<void>
  /** SIGKILL. */
  readonly kill: (name: string) => Promise<void>
  /** SIGTERM, as an operator would. */
  readonly stop: (name: string) => Promise<void>
  readonly pause: (name: string) => void
  readonly resume: (name: string) => void
  readonly redisProxy: (name: string) => FaultProxy
  readonly meshProxy: (name: string) => FaultProxy
  /** A series of its /metrics; 0 if there is none, undefined if nobody answers. */
  readonly metric: (name: string, series: string) => Promise<number | undefined>
  /** The status that its /readyz answers. */
  readonly readiness: (name: string) => Promise<number>
  /** What each has logged, also in earlier lives. */
  readonly logs: () => ReadonlyMap<string, string>
  readonly close: () => Promise<void>
}

/** Rates are not what is tested here: one host plays a crowd. */
const usualConfig = {
  // The development identity has keys of its own in each life of the auth service.
  auth,
  limits: {
    commands: { perSecond: 5_000, burst: 10_000 },
    pendingCommands: 4_096,
    exempt: ["127.0.0.0/8"]
  }
}

const usualCounts: Readonly<Record<Role, number>> = {
  ...{ router: 3, connector: 2, presence: 2, auth: 1 }
}

const answerLimitMs = 1_000

export const deploy = async (
  options: DeploymentOptions,
  record: (event: HistoryEvent) => void
): Promise<Deployment> => {
  const redis = await startFaultRedis(options.redis ?? { shape: "single", persistence: "none" })
  const config = { ...usualConfig, ...options.config }
  const places = new Map<string, Place>()
  const logs = new Map<string, string>()

  const roleOf = (name: string): Role => name.slice(0, name.lastIndexOf("-")) as Role

  const placeOf = (name: string): Place => {
    const place = places.get(name)
    if (place === undefined) throw new Error(`there is no ${name}`)
    return place
  }

  const makePlace = async (name: string): Promise<Place> => {
    const role = roleOf(name)
    const [http, grpc, mesh, ops] = [
      await freePort(),
      await freePort(),
      await freePort(),
      await freePort()
    ]
    const hasMeshProxy = role === "router" && options.meshProxies === true
    const meshProxyPort = hasMeshProxy ? await freePort() : 0
    const redisProxy = options.redisProxies?.includes(role)
      ? await startProxy(`127.0.0.1:${redis.server.port}`)
      : undefined
    const redisUrl = options.redisUrlOf?.(name, redis) ?? redis.url
    const place: Place = {
      ...{ name, role, redisProxy, meshPort: mesh, meshProxyPort, meshProxy: undefined },
      ...{ process: undefined, isPaused: false, isEnding: false },
      env: {
        WEIR_NODE: name,
        WEIR_DEVELOPMENT: "true",
        WEIR_HOST: "127.0.0.1",
        WEIR_LOG_FORMAT: "json",
        WEIR_REDIS_URL: redisProxy === undefined ? redisUrl : `redis://${redisProxy.address}`,
        WEIR_HTTP_PORT: String(http),
        WEIR_GRPC_PORT: String(grpc),
        WEIR_MESH_PORT: String(mesh),
        WEIR_OPS_PORT: String(ops),
        ...(hasMeshProxy ? { WEIR_ADVERTISE: `127.0.0.1:${meshProxyPort}` } : {}),
        ...options.env?.(name)
      }
    }
    places.set(name, place)
    return place
  }

  const start = async (name: string) => {
    const place = places.get(name) ?? (await makePlace(name))
    if (place.process !== undefined) throw new Error(`${name} runs already`)
    place.isEnding = false
    place.isPaused = false
    // Without its router there must be nobody who accepts at its address.
    if (place.meshProxyPort > 0) {
      place.meshProxy = await startProxy(`127.0.0.1:${place.meshPort}`, place.meshProxyPort)
    }
    const process = await startProcess({ program: place.role, env: place.env, config })
    place.process = process
    process.child.once("exit", () => {
      place.process = undefined
      logs.set(name, `${logs.get(name) ?? ""}${process.log()}`)
      record({ t: now(), type: "exit", process: name, expected: place.isEnding })
      void place.meshProxy?.close()
      place.meshProxy = undefined
    })
  }

  const end = async (name: string, signal: "SIGKILL" | "SIGTERM") => {
    const place = placeOf(name)
    if (place.process === undefined) return
    place.isEnding = true
    const { child } = place.process
    const exited = once(child, "exit")
    child.kill(signal)
    await exited
  }

  const running = (role: Role) =>
    [...places.values()]
      .filter((place) => place.role === role && place.process !== undefined)
      .map(({ name }) => name)

  const signal = (name: string, isPaused: boolean) => {
    const place = placeOf(name)
    place.isPaused = isPaused
    place.process?.child.kill(isPaused ? "SIGSTOP" : "SIGCONT")
  }

  const close = async () => {
    await Promise.all([...places.keys()].map((name) => end(name, "SIGKILL")))
    await Promise.all([...places.values()].map(({ redisProxy }) => redisProxy?.close()))
    await redis.stop()
  }

  const counts = { ...usualCounts, ...options.counts }
  const names = (Object.keys(counts) as ReadonlyArray<Role>).flatMap((role) =>
    Array.from({ length: counts[role] }, (_, index) => `${role}-${index + 1}`)
  )
  const deployment: Deployment = {
    redis,
    running,
    isPaused: (name) => placeOf(name).isPaused,
    addresses: (role) =>
      [...places.values()]
        .filter((place) => place.role === role)
        .map(({ env }) => env[role === "router" ? "WEIR_GRPC_PORT" : "WEIR_HTTP_PORT"]!)
        .map((port) => `127.0.0.1:${port}`),
    start,
    kill: (name) => end(name, "SIGKILL"),
    stop: (name) => end(name, "SIGTERM"),
    pause: (name) => signal(name, true),
    resume: (name) => signal(name, false),
    redisProxy: (name) => placeOf(name).redisProxy!,
    meshProxy: (name) => placeOf(name).meshProxy!,
    metric: async (name, series) => {
      const url = `http://127.0.0.1:${placeOf(name).env["WEIR_OPS_PORT"]}/metrics`
      const answer = fetch(url, { signal: AbortSignal.timeout(answerLimitMs) })
      const text = await answer.then((it) => it.text()).catch(() => undefined)
      if (text === undefined) return undefined
      const line = text.split("\n").find((it) => it.startsWith(`${series} `))
      return line === undefined ? 0 : Number(line.slice(series.length + 1))
    },
    readiness: async (name) => {
      const ops = placeOf(name).env["WEIR_OPS_PORT"]
      return (await fetch(`http://127.0.0.1:${ops}/readyz`)).status
    },
    logs: () => {
      const all = new Map(logs)
      for (const { name, process } of places.values()) {
        if (process !== undefined) all.set(name, `${all.get(name) ?? ""}${process.log()}`)
      }
      return all
    },
    close
  }
  try {
    // Connectors last: clients meet a mesh that is up.
    for (const isOuter of [false, true]) {
      const group = names.filter((name) => (roleOf(name) === "connector") === isOuter)
      await Promise.all(group.map(start))
    }
  } catch (error) {
    await close()
    throw error
  }
  return deployment
}
