/**
 * How the connector's parts fit: the only file that knows all of them.
 */
import { Cluster } from "@weir/cluster/Cluster"
import { nodesOf } from "@weir/cluster/View"
import { advertised, type Settings } from "@weir/config/Settings"
import { offered } from "@weir/core/Feature"
import * as GrpcServer from "@weir/grpc/GrpcServer"
import * as AuditNotes from "@weir/mesh/AuditNotes"
import * as Auth from "@weir/mesh/AuthNode"
import * as Connectors from "@weir/mesh/ConnectorNodes"
import * as Presence from "@weir/mesh/PresenceNodes"
import * as Restrictions from "@weir/mesh/RestrictionNode"
import * as Mesh from "@weir/mesh/Routers"
import { Hurry } from "@weir/process/Hurry"
import * as HttpListener from "@weir/socket/HttpListener"
import { Doors } from "@weir/telemetry/Doors"
import { Readiness } from "@weir/telemetry/Readiness"
import { Clock, Effect, Layer } from "effect"
import * as RpcBackends from "./adapters/RpcBackends.ts"
import * as SessionAccesses from "./adapters/SessionAccesses.ts"
import { Connector, make as makeConnector } from "./Connector.ts"
import { type ConnectorConfig, fromSettings } from "./ConnectorConfig.ts"
import { NodeAdmission } from "./domain/NodeAdmission.ts"
import { Feeds } from "./Feeds.ts"
import { Flusher } from "./Flusher.ts"
import * as HttpSessions from "./HttpSessions.ts"
import * as Announcements from "./loops/Announcements.ts"
import * as DeliveryProbe from "./loops/DeliveryProbe.ts"
import * as Drain from "./loops/Drain.ts"
import * as Lanes from "./loops/Lanes.ts"
import * as PressureWatch from "./loops/PressureWatch.ts"
import { Trust } from "./loops/Trust.ts"
import * as Replay from "./Replay.ts"
import * as RpcHandlers from "./RpcHandlers.ts"
import { relayHandlers } from "./rpc/RelayHandlers.ts"
import { makeDoorkeeper } from "./transports/Admit.ts"
import * as HttpRoutes from "./transports/HttpRoutes.ts"
import * as SessionRoutes from "./transports/SessionRoutes.ts"
import * as WebSocketTransport from "./transports/WebSocketTransport.ts"

const authOf =
  ({ view }: Cluster["Service"]) =>
  () =>
    nodesOf(view(), "auth")[0]?.mesh

const peers = Layer.mergeAll(
  Layer.effect(
    Mesh.Routers,
    Effect.flatMap(Cluster, ({ ownerOf, saw, view }) =>
      Mesh.make({
        ownerOf: (channel) => ownerOf("router", channel)?.mesh,
        viewVersion: () => view().version,
        saw
      })
    )
  ),
  Layer.effect(
    Presence.PresenceNodes,
    Effect.flatMap(Cluster, ({ ownerOf }) =>
      Presence.make((channel) => ownerOf("presence", channel)?.mesh)
    )
  ),
  Layer.effect(Connectors.ConnectorNodes, Connectors.make),
  Layer.effect(
    Restrictions.RestrictionNode,
    Effect.flatMap(Cluster, (cluster) => Restrictions.make(authOf(cluster)))
  ),
  Layer.effect(
    Auth.AuthNode,
    Effect.flatMap(Cluster, (cluster) => Auth.make(authOf(cluster)))
  )
)

const connector = (config: ConnectorConfig, admission: NodeAdmission) =>
  Layer.effect(
    Connector,
    Effect.gen(function* () {
      const { limits, namespaces, node } = config
      const incarnation = yield* Clock.currentTimeMillis
      const feeds = new Feeds({
        maxPublications: limits.outboxFrames,
        maxBytes: limits.outboxBytes
      })
      const flusher = new Flusher()
      yield* Effect.forkScoped(flusher.run)
      const { signal } = yield* Lanes.make({ node, feeds, flusher })
      const { firstBack } = yield* DeliveryProbe.make({ node, feeds })
      // Where a router is up, that takes milliseconds, and who is told that we have started
      // finds us ready. Where none is, clients are told so at an open door.
      yield* Effect.timeoutOption(firstBack, "1 second")
      const restrictions = yield* Restrictions.RestrictionNode
      return yield* makeConnector(config, {
        namespaces,
        feeds,
        flusher,
        signal,
        admission,
        routers: yield* Mesh.Routers,
        presence: yield* Presence.PresenceNodes,
        auth: yield* Auth.AuthNode,
        trust: yield* Trust,
        restrictions,
        notes: yield* AuditNotes.make(restrictions),
        features: offered({ rpc: config.rpc.length > 0 }),
        rpc: yield* RpcHandlers.make({
          handlers: config.rpc,
          backendOf: yield* RpcBackends.make(config.limits.publicationBytes),
          limitBytes: config.limits.publicationBytes
        }),
        announcements: yield* Announcements.make({ node, incarnation, feeds }),
        replayer: yield* Replay.make(feeds)
      })
    })
  )

const doors = (settings: Settings, config: ConnectorConfig, admission: NodeAdmission) =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const { opened } = yield* Doors
      const readiness = yield* Readiness
      const cluster = yield* Cluster
      const { address, server } = yield* HttpListener.make({
        host: config.host,
        port: config.httpPort,
        // Room for handshakes and plain requests beside the connections.
        maxConnections: config.limits.connectionsPerNode + 1_000
      })
      const port = address.slice(address.lastIndexOf(":") + 1)
      const ownOrigins = config.development
        ? [`http://${address}`, `http://localhost:${port}`, `http://127.0.0.1:${port}`]
        : []
      const connector = yield* Connector
      const trust = yield* Trust
      const doorkeeper = makeDoorkeeper(
        connector,
        admission,
        (address) => trust.restrictions().isBanned(address),
        config,
        ownOrigins
      )
      const sessions = yield* HttpSessions.make({ connector, limits: config.limits })
      const accessTo = yield* SessionAccesses.make(config.node, sessions)
      const routes = SessionRoutes.make({ limits: config.limits, doorkeeper, sessions, accessTo })
      yield* HttpRoutes.serve(server, config, routes)
      yield* WebSocketTransport.serve(server, config, doorkeeper)
      const mesh = yield* GrpcServer.make({
        host: config.host,
        port: config.meshPort,
        services: [relayHandlers(sessions)]
      })
      yield* opened("mesh", mesh.address)
      yield* cluster.announce({
        name: config.node,
        role: "connector",
        mesh: advertised(settings, mesh.address)
      })
      yield* opened("http", address)
      yield* PressureWatch.run({ admission, limits: config.limits, sessions: connector.sessions })
      yield* readiness.set("connector", true)
      const hurry = yield* Hurry
      const drain = Effect.gen(function* () {
        const { settleSeconds, windowSeconds } = config.drain
        yield* readiness.set("connector", false)
        yield* Effect.sleep(settleSeconds * 1_000)
        admission.drain()
        yield* Drain.run(connector.sessions(), windowSeconds)
      })
      // First to go: while our doors are open, and others take in who is sent away.
      yield* Effect.addFinalizer(() => Effect.raceFirst(Effect.interruptible(drain), hurry))
    })
  )

/** `pageDirectory`: what to serve at `/`, if anything. */
export const layer = (settings: Settings, pageDirectory?: string) => {
  const config = fromSettings(settings, pageDirectory)
  return Layer.unwrap(
    Effect.sync(() => {
      const admission = new NodeAdmission({
        rate: config.limits.handshakesPerNode,
        nowMillis: performance.now(),
        random: Math.random
      })
      return doors(settings, config, admission).pipe(
        Layer.provide(connector(config, admission)),
        Layer.provide(Trust.layer),
        Layer.provide(peers)
      )
    })
  )
}
