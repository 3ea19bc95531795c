/**
 * ShardKeeper: makes this router the owner of what the view gives to it, and of
 * nothing else.
 *
 * One fiber looks whenever the view changes, a shard turns out to be another's,
 * or something is still to be taken; and now and then at every record, so that
 * one that the store has lost is found though nobody uses it.
 */
import type { Cluster } from "@weir/cluster/Cluster"
import type { Node } from "@weir/cluster/View"
import { nodesOf } from "@weir/cluster/View"
import { failure } from "@weir/core/Failure"
import { monotonicMs } from "@weir/flow/Monotonic"
import { Array as Arr, Cause, Clock, Effect, FiberSet, Queue, Stream } from "effect"
import { decide, handoffPatienceMs } from "../domain/Claims.ts"
import type { Ownership } from "../Ownership.ts"
import { ShardRecords } from "../ports/ShardRecords.ts"
import { refuse } from "../Sequencer.ts"
import type { Shard } from "../Shard.ts"

/** Handed over together: the pause of each is one round of this many, not of all. */
const shardsAtOnce = 16

/** To one successor: one that hangs must not keep the others until it takes them by itself. */
const handoversAtOnce = 4

/** Of what was published to a shard that is being taken; publishers wait 5 s. */
const longestWaitMs = 4_000

/** Compare-and-sets on their way at once. */
const claimsAtOnce = 256

/** Between two looks while something is still to be taken. */
const awaitingPause = "50 millis"

/** In this time every record is looked at. */
const verifyMs = 5_000

/** A slice at a time: to ask for 1,024 records in one go held up publications for 100 ms. */
const slices = 16
const sliceMs = Math.ceil(verifyMs / slices)

export const run = Effect.fnUntraced(function* (options: {
  readonly node: string
  readonly cluster: Cluster["Service"]
  readonly ownership: Ownership
  readonly wakes: Queue.Queue<void>
}) {
  const { cluster, node, ownership, wakes } = options
  const { shards } = ownership
  const records = yield* ShardRecords
  const clock = yield* Clock.Clock
  const start = yield* FiberSet.makeRuntime<never, void, never>()
  /** On their way to another router, or waiting for their turn. */
  const leaving = new Set<Shard>()

  const ownerOf = (shard: Shard): Node | undefined => cluster.assignment("router").owners[shard.id]

  const isElsewhere = (shard: Shard): boolean => {
    const owner = ownerOf(shard)
    // With nobody in the view there is nobody to give it to.
    return owner !== undefined && owner.name !== node
  }

  const handOverAll = (wanted: ReadonlyArray<Shard>, { mesh }: Node) =>
    Effect.forEach(
      Arr.chunksOf(wanted, shardsAtOnce),
      (chunk) => {
        // The view may have changed again before their turn.
        const still = chunk.filter((it) => it.state === "owned" && ownerOf(it)?.mesh === mesh)
        return still.length === 0 ? Effect.void : ownership.handOver(still, mesh)
      },
      { concurrency: handoversAtOnce }
    ).pipe(
      Effect.ensuring(
        Effect.sync(() => {
          for (const shard of wanted) leaving.delete(shard)
          Queue.offerUnsafe(wakes, undefined)
        })
      ),
      Effect.asVoid
    )

  const giveAway = () => {
    const bySuccessor = new Map<string, { successor: Node; wanted: Array<Shard> }>()
    for (const shard of shards.inState("owned")) {
      if (!isElsewhere(shard) || leaving.has(shard)) continue
      const successor = ownerOf(shard)!
      const entry = bySuccessor.get(successor.name) ?? { successor, wanted: [] }
      bySuccessor.set(successor.name, entry)
      entry.wanted.push(shard)
      leaving.add(shard)
    }
    for (const { successor, wanted } of bySuccessor.values()) start(handOverAll(wanted, successor))
  }

  /** Nobody can say whose it is: who waits is told, and may come again. */
  const refuseWaiting = (afterMs: number) => {
    for (const shard of shards.inState("awaiting")) {
      if (monotonicMs(clock) - shard.awaitedSince < afterMs) continue
      for (const channel of shards.channelsOf(shard).values()) {
        const why = failure("unavailable", "the channel's log is not available", 500)
        const isWaited = channel.hasPending || (channel.inFlight?.batch.length ?? 0) > 0
        if (isWaited) refuse(channel, Cause.fail(why))
      }
    }
  }

  const claim = Effect.fnUntraced(function* (awaiting: ReadonlyArray<Shard>) {
    const found = yield* records.read(awaiting.map(({ id }) => id))
    const view = cluster.view()
    const routers = new Set(nodesOf(view, "router").map(({ name }) => name))
    let notHandedOver = 0
    yield* Effect.forEach(
      awaiting,
      (shard, index) => {
        const record = found[index]
        if (record !== undefined) {
          shard.saw(record.term)
          cluster.saw(record.view)
        }
        const awaitedMs = monotonicMs(clock) - shard.awaitedSince
        const claimed = decide({ node, routers, awaitedMs }, record)
        // Handed over meanwhile: the record is ours already.
        if (shard.state !== "awaiting" || claimed._tag === "Wait") return Effect.void
        const isAnothers = record !== undefined && record.node !== node
        if (isAnothers && routers.has(record.node)) notHandedOver++
        return ownership.take(shard, claimed.observed, isAnothers ? "taken" : "renewed")
      },
      { concurrency: claimsAtOnce, discard: true }
    )
    if (notHandedOver > 0) {
      yield* Effect.logWarning("an owner that is here does not hand over; taking its shards", {
        shards: notHandedOver
      })
    }
  })

  const verify = Effect.fnUntraced(function* (some: ReadonlyArray<Shard>) {
    const owned = some.map((shard) => ({ shard, term: shard.term }))
    const found = yield* records.read(owned.map(({ shard }) => shard.id))
    owned.forEach(({ shard, term }, index) => {
      const record = found[index]
      if (record?.term !== term) ownership.fenced(shard, term, record?.term ?? 0)
    })
  })

  const look = Effect.gen(function* () {
    for (const shard of shards.inState("idle")) {
      if (ownerOf(shard)?.name === node) shard.await(monotonicMs(clock))
    }
    yield* Effect.forEach(shards.inState("awaiting").filter(isElsewhere), ownership.giveUp)
    giveAway()
    const awaiting = shards.inState("awaiting")
    if (awaiting.length === 0) return
    yield* claim(awaiting).pipe(
      Effect.catch((refused) => {
        refuseWaiting(handoffPatienceMs)
        return Effect.logDebug("cannot take shards now", { why: refused.message })
      })
    )
    // It only takes its time, but whoever published has little of that left.
    refuseWaiting(longestWaitMs)
  })

  yield* Stream.runForEach(cluster.changes, () => Queue.offer(wakes, undefined)).pipe(
    Effect.forkScoped
  )
  let verifiedAt = monotonicMs(clock)
  let slice = 0
  let lastVersion = 0
  const verifyDue = Effect.fnUntraced(
    function* (version: number) {
      const now = monotonicMs(clock)
      const owned = shards.inState("owned")
      // In a view that we have not seen, what is ours now may have been another's.
      if (version > lastVersion + 1) return yield* verify(owned)
      if (now - verifiedAt < sliceMs) return
      verifiedAt = now
      slice = (slice + 1) % slices
      yield* verify(owned.filter(({ id }) => id % slices === slice))
    },
    Effect.catch((refused) => Effect.logDebug("cannot read records", { why: refused.message }))
  )

  const turn = Effect.gen(function* () {
    const { version } = cluster.view()
    yield* verifyDue(version)
    // Who owns them by the records hears of this view only now.
    const isNew = version !== lastVersion
    if (isNew) for (const shard of shards.inState("awaiting")) shard.await(monotonicMs(clock))
    lastVersion = version
    yield* look
    const isAwaiting = shards.inState("awaiting").length > 0
    yield* Effect.timeoutOption(Queue.take(wakes), isAwaiting ? awaitingPause : sliceMs)
  })
  // Whatever a store answered that nobody expected: without this fiber nothing is owned.
  const survive = Effect.catchDefect(turn, (defect) =>
    Effect.andThen(
      Effect.logError("shards could not be looked at; looking again", Cause.die(defect)),
      Effect.sleep("1 second")
    )
  )
  yield* Effect.forever(survive)
})
