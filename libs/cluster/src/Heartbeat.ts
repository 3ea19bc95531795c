/**
 * Heartbeat: one node's place in the view, kept from when it is announced until
 * the scope closes.
 *
 * Joins, beats, and joins again when it was evicted. A beat that fails or is late
 * only ends with itself: the next one follows in time.
 */
import type { RedisFailure } from "@weir/redis/RedisFailure"
import { Cause, Clock, Effect, Exit, Latch, type Scope, Semaphore, Stream } from "effect"
import type { Announced } from "./Cluster.ts"
import type { KnownView } from "./KnownView.ts"
import { hasLife, type Node } from "./View.ts"
import { type Answer, monotonic, type ViewStore } from "./ViewStore.ts"

const beatMs = 500

export interface Heartbeat {
  /** Opens when the node has joined for the first time. */
  readonly joined: Latch.Latch
  /** Milliseconds since the newest beat that arrived was sent; Infinity while out of the view. */
  readonly age: () => number
  /** Owns nothing any more. Tried once at once, and with every beat until it has succeeded. */
  readonly drain: Effect.Effect<void>
  /** Owns nothing for a while, or may own again; told like a drain. */
  readonly stepAside: (isAside: boolean) => Effect.Effect<void>
}

/** `replaced`: another process has this name, and a newer life; this one waits until it goes. */
type State = "joining" | "joined" | "replaced"

export const make = Effect.fnUntraced(function* (options: {
  readonly announced: Announced
  readonly store: ViewStore
  readonly known: KnownView
  readonly onAnswer: (answer: Answer<string>) => Effect.Effect<void>
  /** To join there would put this node into a view of its own. */
  readonly isBehind?: () => boolean
}): Effect.fn.Return<Heartbeat, never, Scope.Scope> {
  const { announced, isBehind = () => false, known, store } = options
  const now = yield* monotonic
  const joined = yield* Latch.make()
  const wake = yield* Latch.make()
  const oneAtATime = yield* Semaphore.make(1)

  let node: Node = {
    ...announced,
    incarnation: yield* Clock.currentTimeMillis,
    draining: false
  }
  let state: State = "joining"
  let isLeaving = false
  let toldDraining = false
  let joinedVersion = 0
  let provenAt = Number.NEGATIVE_INFINITY
  /** Version in the store, when it was last asked. */
  let storedVersion = 0

  const onAnswer = (answer: Answer<string>) => {
    storedVersion = answer.version
    return options.onAnswer(answer)
  }

  const beginNextLife = Effect.map(Clock.currentTimeMillis, (millis) => {
    node = { ...node, incarnation: Math.max(millis, node.incarnation + 1) }
  })

  const replaced = Effect.suspend(() => {
    state = "replaced"
    return Effect.logError("another process joined under the name of this node", {
      node: node.name
    })
  })

  const join: Effect.Effect<void, RedisFailure> = Effect.gen(function* () {
    const told = node
    const answer = yield* store.join(told, known.get())
    yield* onAnswer(answer)
    if (answer.tag === "JOINED") {
      state = "joined"
      toldDraining = told.draining
      joinedVersion = answer.version
      provenAt = answer.askedAt
      joined.openUnsafe()
      return
    }
    if (joined.isOpen()) return yield* replaced
    // A process that starts is the newest life of its name, whatever its clock says.
    node = { ...node, incarnation: answer.held! + 1 }
    yield* join
  })

  const beat = Effect.gen(function* () {
    const asked = known.get()
    const answer = yield* store.beat(node, asked)
    yield* onAnswer(answer)
    if (answer.tag === "BEAT") {
      provenAt = answer.askedAt
      return
    }
    provenAt = Number.NEGATIVE_INFINITY
    if (answer.tag === "REPLACED") return yield* replaced
    state = "joining"
    if (isBehind() || isStrayed()) return
    // A Redis that is behind has lost its memory: nobody was evicted, and this life goes on.
    if (answer.version >= asked.version) {
      yield* Effect.logInfo("this node was evicted; joining again", { node: node.name })
      yield* beginNextLife
    }
    yield* join
  })

  const tellDrain = Effect.gen(function* () {
    const told = node
    const answer = yield* store.update(told, known.get())
    yield* onAnswer(answer)
    if (answer.tag === "UPDATED") toldDraining = told.draining
  })

  const joinOnceFree = Effect.gen(function* () {
    const answer = yield* store.look(known.get())
    yield* onAnswer(answer)
    if (answer.beats.has(node.name)) return
    yield* beginNextLife
    yield* join
  })

  /**
   * Peers have a view without this life of ours, and the store has never heard of it: if they
   * still write to this store they will tell it so, and if not, to raise its version would put
   * this node into a view of its own.
   */
  const isStrayed = () => {
    const view = known.get()
    return storedVersion < view.version && !hasLife(view, node)
  }

  const look = Effect.suspend(() => Effect.flatMap(store.look(known.get()), onAnswer))

  const step = Effect.suspend(() => {
    if (isBehind() || (joined.isOpen() && isStrayed())) return look
    if (state === "joining") return join
    if (state === "replaced") return joinOnceFree
    return node.draining === toldDraining ? beat : Effect.andThen(tellDrain, beat)
  })

  const run = Effect.gen(function* () {
    while (true) {
      const begunAt = now()
      wake.closeUnsafe()
      const exit = yield* Effect.exit(oneAtATime.withPermit(step))
      if (Exit.isFailure(exit)) {
        const log = Cause.hasDies(exit.cause) ? Effect.logError : Effect.logDebug
        yield* log("a heartbeat failed", { node: node.name }, exit.cause)
      }
      const restMs = Math.max(0, begunAt + beatMs - now())
      yield* Effect.raceFirst(Effect.sleep(restMs), wake.await)
    }
  })

  /** A peer's view without this life of ours: the next beat will say whether that is so. */
  const checkViews = Stream.runForEach(known.changes, (view) =>
    Effect.sync(() => {
      if (state !== "joined" || view.version <= joinedVersion) return
      if (!hasLife(view, node)) wake.openUnsafe()
    })
  )

  // Before the loop, so that it runs after it: a beat behind it would join again.
  yield* Effect.addFinalizer(() =>
    Effect.ignore(Effect.suspend(() => store.leave(node, known.get())))
  )
  yield* Effect.forkScoped(run)
  yield* Effect.forkScoped(checkViews)

  const setDraining = (draining: boolean) =>
    Effect.suspend(() => {
      node = { ...node, draining }
      return Effect.ignore(oneAtATime.withPermit(tellDrain))
    })

  return {
    joined,
    age: () => now() - provenAt,
    drain: Effect.suspend(() => {
      isLeaving = true
      return setDraining(true)
    }),
    stepAside: (isAside) => setDraining(isLeaving || isAside)
  }
})
