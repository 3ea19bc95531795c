/**
 * Settings: everything decided, defaults and all, before anything starts.
 */
import { isIPv6 } from "node:net"
import { type ApiKey, developmentKey, digestOf } from "@weir/core/ApiKey"
import { parseCapabilities } from "@weir/core/Capability"
import { type DrainSettings, defaultDrain } from "@weir/core/DrainSettings"
import { makeNamespace, type Namespaces } from "@weir/core/Namespace"
import type { LogLevel } from "effect"
import type { keyAlgorithms, WeirFile } from "./WeirFile.ts"

/**
 * `cpu`: where time goes. `heap`: what is held in memory. `allocations`: what was
 * allocated, what is garbage since included.
 */
export const profileKinds = ["cpu", "heap", "allocations"] as const

export type ProfileKind = (typeof profileKinds)[number]

export const isProfileKind = (text: string): text is ProfileKind =>
  (profileKinds as ReadonlyArray<string>).includes(text)

export interface Rate {
  readonly perSecond: number
  readonly burst: number
}

export interface Limits {
  readonly frameBytes: number
  readonly publicationBytes: number
  readonly subscriptions: number
  readonly commands: Rate
  readonly signals: Rate
  readonly pendingCommands: number
  readonly handshakesPerAddress: Rate
  readonly handshakesPerNode: Rate
  readonly connectionsPerNode: number
  /** 0: not counted. */
  readonly connectionsPerUser: number
  /** 0: not counted. */
  readonly connectionsPerAddress: number
  /** Undefined: what the process's container may use, if that is bounded. */
  readonly memoryBytes: number | undefined
  readonly connectTimeoutMs: number
  readonly connectionMaxAgeSeconds: number
  readonly heartbeatMs: number
  readonly outboxBytes: number
  readonly outboxFrames: number
  readonly outboxBytesPerNode: number
  readonly exempt: ReadonlyArray<string>
}

export const defaultLimits: Limits = {
  // 64 KiB is what OWASP and the peers allow; a chat message needs less.
  frameBytes: 65_536,
  publicationBytes: 65_536,
  subscriptions: 128,
  commands: { perSecond: 30, burst: 60 },
  // A cursor that moves smoothly sends 20 a second.
  signals: { perSecond: 30, burst: 60 },
  pendingCommands: 256,
  handshakesPerAddress: { perSecond: 20, burst: 40 },
  // A handshake with its `connect` takes 0.33 ms of a core (docs/benchmarks.md, connect), and the
  // connections that are here already need the rest of it: 0.5 s / 0.33 ms is 1,500 a second. A
  // burst is what all of them wait for in one turn: 300 of them take 0.1 s.
  handshakesPerNode: { perSecond: 1_500, burst: 300 },
  connectionsPerNode: 50_000,
  // A person has a few devices with a few tabs each; a household or an office has one address.
  connectionsPerUser: 10,
  connectionsPerAddress: 100,
  memoryBytes: undefined,
  connectTimeoutMs: 5_000,
  // Connectors that were added have their share of the load after about as long.
  connectionMaxAgeSeconds: 7_200,
  // Below the 30 s at which the strictest common proxies cut idle connections.
  heartbeatMs: 25_000,
  outboxBytes: 1_048_576,
  outboxFrames: 1_024,
  outboxBytesPerNode: 268_435_456,
  exempt: []
}

export interface TokenKeySettings {
  readonly id: string
  readonly algorithm: (typeof keyAlgorithms)[number]
  readonly secret?: string
  readonly publicKey?: string
}

/** Whose tokens are accepted. */
export interface IssuerSettings {
  readonly issuer: string
  readonly audience: string
  readonly keys: ReadonlyArray<TokenKeySettings>
  /** Where it publishes its keys. */
  readonly jwks?: string
}

export interface AuthSettings extends IssuerSettings {
  readonly others?: ReadonlyArray<IssuerSettings>
}

/** A backend that answers clients' `rpc`. */
export interface RpcHandlerSettings {
  readonly methods: string
  readonly url: string
  readonly timeoutMs: number
  readonly authorization: string | undefined
}

export interface NodeSettings {
  readonly name: string
  readonly role: "connector" | "router" | "presence" | "auth"
  readonly mesh: string
}

export interface Settings {
  /** This process's name in the mesh. */
  readonly node: string
  readonly host: string
  readonly httpPort: number
  readonly grpcPort: number
  readonly meshPort: number
  readonly opsPort: number
  /** The host, or host:port, under which other nodes reach this one's mesh listener. */
  readonly advertise: string
  /** Where the view and the logs are kept; empty: nowhere. */
  readonly redisUrl: string
  /** Connectors serve the publish API over HTTP, too. */
  readonly httpApi: boolean
  /** What connectors serve at `/`, if anything. */
  readonly pageDirectory: string | undefined
  readonly logLevel: LogLevel.LogLevel
  readonly logFormat: "pretty" | "json"
  /** What is profiled from the start, if anything. */
  readonly profile: ProfileKind | undefined
  /** Where profiles are written. */
  readonly profileDirectory: string
  /** Development tokens and the key `dev-key` are accepted; only on loopback. */
  readonly development: boolean
  readonly namespaces: Namespaces
  readonly origins: ReadonlyArray<string>
  readonly limits: Limits
  readonly trustedProxies: ReadonlyArray<string>
  readonly compression: boolean
  readonly drain: DrainSettings
  readonly auth: AuthSettings
  readonly apiKeys: ReadonlyArray<ApiKey>
  readonly rpc: ReadonlyArray<RpcHandlerSettings>
  readonly nodes: ReadonlyArray<NodeSettings>
}

/** The namespaces that exist when nobody configured any and the identity is a development one. */
const developmentNamespaces: NonNullable<WeirFile["namespaces"]> = {
  chat: {
    logged: true,
    historySize: 10_000,
    historyBytes: 67_108_864,
    historyAgeSeconds: 3_600,
    presence: true,
    clientPublish: true
  },
  live: { logged: false, clientPublish: true },
  state: { logged: true, historySize: 1, clientPublish: true, slowConsumer: "conflate" }
}

const developmentApiKey: ApiKey = {
  id: developmentKey,
  sha256: digestOf(developmentKey),
  capabilities: [{ pattern: "*", verbs: ["publish", "history", "presence"] }],
  admin: true
}

export type Environment = Omit<
  Settings,
  | "namespaces"
  | "origins"
  | "limits"
  | "trustedProxies"
  | "compression"
  | "drain"
  | "auth"
  | "apiKeys"
  | "rpc"
  | "nodes"
>

/** Where other nodes reach a listener that is bound to `address` (host:port). */
export const advertised = ({ advertise }: Settings, address: string): string => {
  const host = isIPv6(advertise) ? `[${advertise}]` : advertise
  // It has a port of its own where something stands before the listener.
  if (host === advertise && /:\d+$/.test(advertise)) return advertise
  return `${host}:${address.slice(address.lastIndexOf(":") + 1)}`
}

/** On a laptop one host, and often one user, is everybody. */
const oneHost = { connectionsPerUser: 0, connectionsPerAddress: 0 }

/** Both have been checked; this only fills in what they leave open. */
export const decide = (file: WeirFile, environment: Environment): Settings => {
  const namespaces = file.namespaces ?? (environment.development ? developmentNamespaces : {})
  return {
    ...environment,
    namespaces: new Map(
      Object.entries(namespaces).map(([name, options]) => [name, makeNamespace(name, options)])
    ),
    origins: file.origins ?? [],
    limits: {
      ...defaultLimits,
      ...(environment.development ? oneHost : {}),
      ...file.limits
    },
    trustedProxies: file.trustedProxies ?? [],
    compression: file.compression ?? false,
    drain: { ...defaultDrain, ...file.drain },
    auth: {
      ...{ issuer: "weir", audience: "weir", keys: [] },
      ...file.auth,
      others: (file.auth?.others ?? []).map((it) => ({ keys: [], ...it }))
    },
    apiKeys: [
      ...(file.apiKeys ?? []).map(({ id, sha256, capabilities, admin = false }) => {
        const parsed = parseCapabilities(capabilities)
        return { id, sha256, admin, capabilities: typeof parsed === "string" ? [] : parsed }
      }),
      ...(environment.development ? [developmentApiKey] : [])
    ],
    rpc: (file.rpc ?? []).map(({ authorization, methods, timeoutMs = 5_000, url }) => ({
      methods,
      url,
      timeoutMs,
      authorization
    })),
    nodes: file.nodes ?? []
  }
}
