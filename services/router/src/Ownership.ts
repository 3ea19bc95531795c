/**
 * Ownership: takes shards, gives them up, and hands them over.
 *
 * The view only says who should own a shard. What makes a router its owner is the
 * record, taken by compare-and-set, and every append proves it anew: a router that
 * is wrong about all of this can write nothing.
 */
import type { Cluster } from "@weir/cluster/Cluster"
import { namespaceOf } from "@weir/core/ChannelName"
import { type Failure, failure } from "@weir/core/Failure"
import type { Namespaces } from "@weir/core/Namespace"
import { nextTerm, nonceCount } from "@weir/core/Term"
import { monotonicMs } from "@weir/flow/Monotonic"
import type { ChannelHead, HandoffRequest, ShardHandoff } from "@weir/proto/mesh/v1/router"
import { Clock, Effect, Exit } from "effect"
import { Moved } from "./domain/Moved.ts"
import type { Lane } from "./Lane.ts"
import type { OwnedChannel } from "./OwnedChannel.ts"
import { LogStore } from "./ports/LogStore.ts"
import { ShardRecords } from "./ports/ShardRecords.ts"
import { channels as channelsGauge, shardTerms } from "./RouterMetrics.ts"
import { answerMoved } from "./Sequencer.ts"
import type { Shard } from "./Shard.ts"
import { Shards } from "./Shards.ts"

/** Past this a router that could not tell anybody that it lives no longer acts on logs. */
const aliveMs = 2_000

/** Appends that have begun end within this, or count as unknown. */
const sealPatience = "500 millis"

/** The successor learns of the view that makes it one at about the time that we did. */
const successorPatience = "500 millis"

/** How a term came about: after another owner's, by it, or after one of ours. */
type How = "taken" | "handoff" | "renewed"

export interface Ownership {
  readonly shards: Shards
  readonly isAlive: () => boolean
  /** It is ours by the view, owned or on its way to be: what arrives for it is taken in. */
  readonly isOurs: (shard: Shard) => boolean
  /** Whom to ask instead of this router. */
  readonly moved: (shard: Shard) => Moved
  /** The log knows another term than the one that was used: find out who owns the shard. */
  readonly fenced: (shard: Shard, used: number, seen: number) => void
  /** Takes an owned shard again, under a higher term. */
  readonly renewTerm: (shard: Shard) => Effect.Effect<void, Failure>
  /** Takes a shard whose record still has the observed term. */
  readonly take: (shard: Shard, observed: number, how: How) => Effect.Effect<void, Failure>
  /** Lets go of what the view no longer gives to us, and tells everybody who waits for it. */
  readonly giveUp: (shard: Shard) => Effect.Effect<ShardHandoff>
  /** Ends what is in flight on some shards, and hands them to the router at an address. */
  readonly handOver: (shards: ReadonlyArray<Shard>, address: string) => Effect.Effect<void>
  /** The other side of it. */
  readonly receive: (request: HandoffRequest) => Effect.Effect<void, Failure>
}

export const make = Effect.fnUntraced(function* (options: {
  readonly node: string
  readonly namespaces: Namespaces
  readonly cluster: Cluster["Service"]
  /** Tells the successor. */
  readonly tell: (address: string, request: HandoffRequest) => Effect.Effect<void, Failure>
  /** A channel has something to do. */
  readonly startDrain: (channel: OwnedChannel) => void
  /** A shard is to be looked at. */
  readonly wake: () => void
}): Effect.fn.Return<Ownership, never, LogStore | ShardRecords> {
  const { cluster, namespaces, node, startDrain, tell, wake } = options
  const logs = yield* LogStore
  const records = yield* ShardRecords
  const clock = yield* Clock.Clock
  const shards = new Shards()
  // Two routers that take terms in the same millisecond differ in this, most likely; that
  // two have the same term for one shard is ruled out by the record.
  const nonce = clock.currentTimeMillisUnsafe() % nonceCount

  const ownerOf = (shard: Shard) => cluster.assignment("router").owners[shard.id]

  const isOurs: Ownership["isOurs"] = (shard) => {
    if (shard.state === "idle" && ownerOf(shard)?.name === node) {
      // The view is newer than the keeper's last look.
      shard.await(monotonicMs(clock))
      wake()
    }
    return shard.isOurs
  }

  const moved = (shard: Shard): Moved =>
    new Moved({
      shard: shard.id,
      term: shard.term,
      owner: ownerOf(shard)?.name ?? "",
      view: cluster.view().version
    })

  /**
   * Somebody else has owned the shard since: what we kept of channels without history is not
   * what others were given.
   */
  const forgetUnlogged = (shard: Shard) =>
    Effect.forEach(
      [...shards.channelsOf(shard).values()].filter(({ namespace }) => !namespace.logged),
      Effect.fnUntraced(function* (channel) {
        yield* logs.release(channel.name)
        const { head, publishedAt } = yield* logs.head(channel.where)
        channel.restartAt(head, publishedAt, "epoch_changed")
      })
    ).pipe(Effect.ignore)

  /** The term is ours: what waited for it goes on. */
  const begin = (shard: Shard, term: number, how: How) => {
    // Of two that were asked for at once, the answers may come in the other order.
    if (term <= shard.term) return
    shardTerms(how).add()
    shard.own(term)
    for (const channel of shards.channelsOf(shard).values()) {
      if (channel.namespace.logged) channel.doubt()
      startDrain(channel)
      for (const lane of channel.lanes) lane.wake()
    }
  }

  const acquire = Effect.fnUntraced(function* (shard: Shard, observed: number) {
    shard.saw(observed)
    const term = nextTerm(clock.currentTimeMillisUnsafe(), shard.highestTerm, nonce)
    const wanted = { node, term, view: cluster.view().version }
    const result = yield* records.acquire(shard.id, wanted, observed)
    if (result._tag !== "Acquired" && result.record !== undefined) {
      shard.saw(result.record.term)
      cluster.saw(result.record.view)
    }
    return result._tag === "Acquired" ? term : undefined
  })

  const take: Ownership["take"] = Effect.fnUntraced(function* (shard, observed, how) {
    const term = yield* acquire(shard, observed)
    if (term === undefined) return
    if (how === "taken") yield* forgetUnlogged(shard)
    // If the view has changed meanwhile, it is handed on like any other.
    begin(shard, term, how)
  })

  const fenced: Ownership["fenced"] = (shard, used, seen) => {
    shard.saw(seen)
    if (shard.state !== "owned" || shard.term !== used) return
    // Its channels stay: if it is the store that has forgotten, they hold what it lost.
    shard.await(monotonicMs(clock))
    wake()
  }

  const renewTerm: Ownership["renewTerm"] = Effect.fnUntraced(function* (shard) {
    const used = shard.term
    const term = yield* acquire(shard, used)
    const isUnchanged = shard.state === "owned" && shard.term === used
    if (term !== undefined && isUnchanged) {
      shardTerms("renewed").add()
      return shard.own(term)
    }
    if (term !== undefined && shard.state === "awaiting") begin(shard, term, "renewed")
    // Another channel of the shard may have needed it too, and was quicker.
    if (shard.state === "owned" && shard.term !== used) return
    fenced(shard, used, shard.highestTerm)
    return yield* failure("unavailable", "the shard is being taken again", 200)
  })

  const headsOf = Effect.fnUntraced(function* (shard: Shard) {
    const heads: Array<ChannelHead> = []
    for (const { name, namespace, where } of shards.channelsOf(shard).values()) {
      if (namespace.logged) continue
      // Whatever goes wrong with one channel, the shard goes: it is sealed already.
      const left = yield* Effect.exit(logs.leave(where))
      if (Exit.isFailure(left)) continue
      const { head, ids } = left.value
      heads.push({ channel: name, head, ids: [...ids] })
    }
    return heads
  })

  const giveUp: Ownership["giveUp"] = Effect.fnUntraced(function* (shard) {
    const heads = yield* headsOf(shard)
    const gone = moved(shard)
    const lanes = new Set<Lane>()
    const names = [...shards.channelsOf(shard).keys()]
    for (const channel of shards.channelsOf(shard).values()) {
      answerMoved(channel, gone)
      for (const lane of channel.lanes) {
        lane.unfollow(channel.name)
        lanes.add(lane)
      }
      channel.lanes.clear()
      channel.released = true
    }
    channelsGauge.add(-names.length)
    shards.channelsOf(shard).clear()
    shard.leave()
    for (const lane of lanes) lane.pushMoved(gone)
    for (const name of names) yield* Effect.exit(logs.release(name))
    return { shard: shard.id, term: shard.term, channels: heads }
  })

  const handOver: Ownership["handOver"] = Effect.fnUntraced(function* (some, address) {
    for (const shard of some) {
      shard.seal()
      const gone = moved(shard)
      for (const channel of shards.channelsOf(shard).values()) {
        for (const { answer } of channel.takeAll()) answer(Exit.fail(gone))
      }
    }
    const inFlight = some.flatMap((shard) => [...shards.channelsOf(shard).values()])
    yield* Effect.forEach(inFlight, ({ quiet }) => quiet.await, { concurrency: "unbounded" }).pipe(
      Effect.timeoutOption(sealPatience)
    )
    const handoffs = yield* Effect.forEach(some, giveUp)
    const { version } = cluster.view()
    // If it does not hear of it, it takes the shards by itself, a second later.
    yield* tell(address, { node, view: version, shards: handoffs }).pipe(
      Effect.catch((refused) =>
        Effect.logWarning("a successor does not answer; it will take the shards by itself", {
          address,
          shards: handoffs.length,
          why: refused.message
        })
      )
    )
  })

  const adopt = Effect.fnUntraced(function* (left: ChannelHead, term: number) {
    const { channel: name } = left
    const head = left.head!
    const ids = left.ids.map(({ key, position }) => ({ key, position: position! }))
    const namespace = namespaces.get(namespaceOf(name))
    if (namespace === undefined) return
    // Kept from an ownership that was over without our knowing.
    const held = shards.channel(name)
    if (held !== undefined) yield* logs.release(name)
    yield* logs.adopt({ channel: name, namespace, term }, { head, ids })
    held?.restartAt(head, 0, "epoch_changed")
  })

  const receiveShard = Effect.fnUntraced(function* ({ channels, shard: id, term }: ShardHandoff) {
    const shard = shards.all[id]
    if (shard === undefined) return yield* failure("bad_request", `shard: ${id}, there is none`)
    yield* Effect.timeoutOrElse(shard.whenOurs, {
      duration: successorPatience,
      orElse: () => Effect.fail(failure("unavailable", "by this router's view it is not its own"))
    })
    if (shard.state === "owned" && term > shard.term) {
      // We were frozen, or cut off, and it was another's for a while.
      fenced(shard, shard.term, term)
      yield* giveUp(shard)
      shard.await(monotonicMs(clock))
    }
    if (shard.state !== "awaiting") return
    for (const left of channels) yield* adopt(left, term)
    yield* take(shard, term, "handoff")
  })

  return {
    shards,
    isAlive: () => cluster.heartbeatAge() <= aliveMs,
    isOurs,
    moved,
    fenced,
    renewTerm,
    take,
    giveUp,
    handOver,
    receive: Effect.fnUntraced(function* ({ shards: handoffs, view }) {
      cluster.saw(view)
      yield* Effect.forEach(handoffs, receiveShard, { concurrency: "unbounded", discard: true })
    })
  }
})
