/**
 * inProcess: a connector's way to deliver and a plain loop's, in one process and on the very
 * same sockets, in turn. What differs between the two is Weir.
 *
 *     node inProcess.ts PORT CONTROL
 *
 * Weir's way is the real one from the bytes of a lane to the socket: lanes, feed, framing,
 * connections with their outboxes and counters, and the flusher with its rests. Who connects is
 * subscribed: sessions and requests are left out, since no delivery passes through them.
 *
 * A line on its standard input has it print the segments.
 */
import type { Socket } from "node:net"
import { defaultLimits } from "@weir/config/Settings"
import { Connection } from "@weir/connector/Connection"
import { Feeds } from "@weir/connector/Feeds"
import { Flusher } from "@weir/connector/Flusher"
import { framingOf } from "@weir/connector/Framing"
import * as Lanes from "@weir/connector/loops/Lanes"
import type { Subscription } from "@weir/connector/Subscription"
import { makeNamespace } from "@weir/core/Namespace"
import { ByteBudget } from "@weir/flow/ByteBudget"
import * as HttpListener from "@weir/socket/HttpListener"
import * as WebSocketServer from "@weir/socket/WebSocketServer"
import { Deferred, Effect } from "effect"
import { announce, portsOf, serveControl } from "./Control.ts"
import { onlyChannel, publicationFrame } from "./Envelope.ts"
import * as LocalRouter from "./LocalRouter.ts"
import { Segments } from "./Segments.ts"

const { control, port } = portsOf(process.argv)
const channel = onlyChannel
const { frameBytes, outboxBytes, outboxFrames } = defaultLimits

/** As `npm run cluster` has it. */
const namespace = makeNamespace("live", { logged: false, clientPublish: true })

const feeds = new Feeds({ maxPublications: outboxFrames, maxBytes: outboxBytes })
const flusher = new Flusher()
const shared = new ByteBudget(defaultLimits.outboxBytesPerNode)

const subscribe = (transport: WebSocketServer.Transport): Subscription => {
  const subscription: Subscription = {
    ...{ channel, state: "pending", cursor: undefined, replaying: false, leaving: false },
    connection: new Connection({
      ...{ transport, framing: framingOf("json", false), nowMillis: Date.now(), flusher },
      outbox: { maxFrames: outboxFrames, maxBytes: outboxBytes, shared },
      onDrained: () => {}
    }),
    settled: Deferred.makeUnsafe(),
    wantsPresence: false,
    maxRate: undefined,
    memberId: undefined,
    signalledAs: undefined,
    // Nothing is logged: it lacks what follows, and the driver says so.
    fellBehind: () => {}
  }
  const feed = feeds.join(subscription, namespace)
  const place = () => void feed.place(subscription, feed.position!)
  if (feed.position === undefined) feed.whenPlaced.add(place)
  else place()
  return subscription
}

/** Gives the sockets of all that are subscribed. */
const serveSubscribers = Effect.gen(function* () {
  const { server } = yield* HttpListener.make({
    host: "127.0.0.1",
    ...{ port, maxConnections: 100_000 }
  })
  const sockets = new Set<Socket>()
  server.on("upgrade", (_request, duplex) => {
    const socket = duplex as Socket
    sockets.add(socket)
    socket.once("close", () => sockets.delete(socket))
  })
  yield* WebSocketServer.serve<Subscription, undefined>(server, {
    path: `/${encodeURIComponent(channel)}`,
    maxMessageBytes: frameBytes,
    compression: false,
    decide: () => ({ accept: true, protocol: undefined, terms: undefined }),
    onOpen: subscribe,
    onMessage: () => {},
    onControl: () => {},
    onDrain: ({ connection }) => connection.drained(),
    onClose: (subscription, code) => {
      subscription.connection.gone(code)
      feeds.leave(subscription)
    }
  })
  return sockets
})

const program = Effect.gen(function* () {
  const router = yield* LocalRouter.make
  yield* Effect.forkScoped(flusher.run)
  yield* Effect.provide(Lanes.make({ node: "connector-1", feeds, flusher }), router.layer)
  const sockets = yield* serveSubscribers
  const segments = new Segments()

  let offset = 0
  const writeToAll = (payloads: ReadonlyArray<Buffer>) => {
    const bytes = Buffer.concat(payloads.map((it) => publicationFrame(channel, ++offset, it)))
    for (const socket of sockets) socket.write(bytes)
  }

  serveControl(control, (_channel, payloads) => {
    const way = segments.begin(performance.now(), sockets.size * payloads.length)
    if (way === "weir") router.publish(channel, payloads)
    else writeToAll(payloads)
  })
  process.stdin.on("data", () => console.log(JSON.stringify({ segments: segments.closed })))
  announce(process.version)
  return yield* Effect.never
})

await Effect.runPromise(Effect.scoped(program))
