/**
 * Lanes: this connector's streams to the routers, and what arrives on them.
 *
 * Each router has several lanes and a channel has its own by hash, so that one
 * hot channel fills one lane. A lane that is opened again names every channel
 * with the last position passed on, and the owner judges that as a resume.
 */
import { Cluster } from "@weir/cluster/Cluster"
import type { Node } from "@weir/cluster/View"
import { shardOf } from "@weir/core/ChannelName"
import { type Failure, failure } from "@weir/core/Failure"
import type { GapReason, Position } from "@weir/core/Position"
import { Routers } from "@weir/mesh/Routers"
import type { Gap } from "@weir/proto/client/v1/client"
import type {
  Attached,
  AttachRequest,
  AttachResponse,
  ChannelPosition
} from "@weir/proto/mesh/v1/router"
import { decodePublication, type EncodedPublication } from "@weir/wire/Publications"
import { Array as Arr, Effect, Queue, Stream } from "effect"
import type { ChannelFeed } from "../ChannelFeed.ts"
import type { Feeds } from "../Feeds.ts"
import { tellGap } from "../Replay.ts"
import * as NodeLinks from "./NodeLinks.ts"

const lanesPerRouter = 4

/** What a router may send before it hears from us again. */
const windowBytes = 1_048_576

/** What the router counts for an item that holds no publication. */
const controlBytes = 128

const channelsPerMessage = 512

/** One lane while its stream is up. */
interface OpenLane {
  readonly outgoing: Queue.Queue<AttachRequest>
  /**
   * The number of the newest attach of each channel that is not answered yet.
   * Until it is, what arrives belongs to an earlier one and is not looked at.
   */
  readonly unanswered: Map<string, number>
}

const laneKey = (router: string, index: number): string => `${router} ${index}`

export const make = Effect.fnUntraced(function* (options: {
  readonly node: string
  readonly feeds: Feeds
}) {
  const { feeds, node } = options
  const cluster = yield* Cluster
  const routers = yield* Routers
  const open = new Map<string, OpenLane>()
  /** The lane that each channel is attached on. */
  const laneOf = new Map<string, string>()

  const keyOf = (channel: string): string | undefined => {
    const owner = cluster.ownerOf("router", channel)
    return owner && laneKey(owner.name, shardOf(channel) % lanesPerRouter)
  }

  let lastAttach = 0

  const sendAttach = (lane: OpenLane, feeds: ReadonlyArray<ChannelFeed>) => {
    const channels = feeds.map(({ name, position }): ChannelPosition => {
      lane.unanswered.set(name, ++lastAttach)
      return { channel: name, since: position, attach: lastAttach }
    })
    Queue.offerUnsafe(lane.outgoing, { message: { $case: "attach", value: { channels } } })
  }

  const sendDetach = (lane: OpenLane, channel: string) =>
    Queue.offerUnsafe(lane.outgoing, {
      message: { $case: "detach", value: { channels: [channel] } }
    })

  const attach = (feed: ChannelFeed) => {
    const key = keyOf(feed.name)
    if (key === undefined) return
    laneOf.set(feed.name, key)
    const lane = open.get(key)
    // A lane that is not up names all its channels when it comes up.
    if (lane !== undefined) sendAttach(lane, [feed])
  }

  const detach = (channel: string) => {
    const lane = open.get(laneOf.get(channel) ?? "")
    laneOf.delete(channel)
    if (lane === undefined) return
    lane.unanswered.delete(channel)
    sendDetach(lane, channel)
  }

  feeds.listen({ wanted: attach, unwanted: detach })

  /** Channels whose owner is another one now go to its lane, with their position. */
  const followOwners = () => {
    for (const feed of feeds.all()) {
      if (keyOf(feed.name) === laneOf.get(feed.name)) continue
      detach(feed.name)
      attach(feed)
    }
  }

  const moveFeed = (feed: ChannelFeed, reason: GapReason, position: Position) => {
    feed.moveTo(position, reason, (subscription, cursor) => {
      if (!subscription.connection.isClear) return false
      tellGap(subscription, reason, cursor, position)
      return true
    })
  }

  /** True for the answer to the channel's newest attach. */
  const isAwaited = (lane: OpenLane, channel: string, attach: number): boolean =>
    lane.unanswered.get(channel) === attach && lane.unanswered.delete(channel)

  const onAttached = (lane: OpenLane, answer: Attached) => {
    const { attach, channel, position, reason, recovered } = answer
    const feed = feeds.get(channel)
    if (!isAwaited(lane, channel, attach) || feed === undefined) return
    if (feed.position === undefined) feed.attachedAt(position!)
    else if (!recovered) moveFeed(feed, reason as GapReason, position!)
  }

  const onGap = ({ channel, position, reason }: Gap) => {
    const feed = feeds.get(channel)
    if (feed?.position !== undefined) moveFeed(feed, reason as GapReason, position!)
  }

  const onPublications = (channel: string, entries: ReadonlyArray<EncodedPublication>) => {
    const feed = feeds.get(channel)
    if (feed?.position === undefined) return
    const { hole, next } = feed.accept(entries)
    if (next.length > 0) feed.deliver(next, Date.now())
    // The owner replays from where we are, or says what is lost.
    if (hole) attach(feed)
  }

  const receive = (lane: OpenLane, items: AttachResponse["items"]): number => {
    let bytes = 0
    let run: Array<EncodedPublication> = []
    const flush = () => {
      const [first] = run
      if (first !== undefined) onPublications(first.publication.channel, run)
      run = []
    }
    for (const { item } of items) {
      if (item?.$case === "publication") {
        bytes += item.value.byteLength
        const entry = decodePublication(item.value)
        const { channel } = entry.publication
        if (lane.unanswered.has(channel)) continue
        if (run.length > 0 && run[0]!.publication.channel !== channel) flush()
        run.push(entry)
        continue
      }
      bytes += controlBytes
      flush()
      if (item?.$case === "attached") onAttached(lane, item.value)
      if (item?.$case === "gap" && !lane.unanswered.has(item.value.channel)) onGap(item.value)
      if (item?.$case === "refused") isAwaited(lane, item.value.channel, item.value.attach)
    }
    flush()
    return bytes
  }

  const session = Effect.fnUntraced(function* (router: Node, index: number) {
    const { inbound, writeAll } = yield* routers.attach(router.mesh)
    const outgoing = yield* Queue.unbounded<AttachRequest>()
    const lane: OpenLane = { outgoing, unanswered: new Map() }
    const key = laneKey(router.name, index)
    const offer = (message: NonNullable<AttachRequest["message"]>) =>
      Queue.offerUnsafe(outgoing, { message })

    offer({
      $case: "hello",
      value: { node, incarnation: 0, lane: index, view: cluster.view().version }
    })
    offer({ $case: "credit", value: { bytes: windowBytes } })
    yield* Effect.acquireRelease(
      Effect.sync(() => {
        const wanted: Array<ChannelFeed> = []
        for (const feed of feeds.all()) {
          if (keyOf(feed.name) !== key) continue
          laneOf.set(feed.name, key)
          wanted.push(feed)
        }
        for (const some of Arr.chunksOf(wanted, channelsPerMessage)) sendAttach(lane, some)
        open.set(key, lane)
      }),
      () => Effect.sync(() => open.delete(key))
    )

    let consumed = 0
    const read = Stream.runForEachArray(inbound, (messages) =>
      Effect.sync(() => {
        for (const { items } of messages) consumed += receive(lane, items)
        if (consumed * 2 < windowBytes) return
        offer({ $case: "credit", value: { bytes: consumed } })
        consumed = 0
      })
    )
    const write = Queue.takeAll(outgoing).pipe(
      Effect.flatMap(writeAll),
      Effect.forever({ disableYield: true })
    )
    const ended: Effect.Effect<void, Failure> = Effect.fail(
      failure("unavailable", "the router ended the lane")
    )
    yield* Effect.raceFirst(Effect.andThen(read, ended), write)
  })

  yield* NodeLinks.run({
    role: "router",
    count: lanesPerRouter,
    session,
    onView: followOwners
  }).pipe(Effect.forkScoped)
})
