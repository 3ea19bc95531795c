/**
 * RestrictionList: the restrictions that hold, as this node knows them, and how they change.
 *
 * What is asked of it is written to the store first, and read from there as what others have
 * written is: so all nodes see the same changes in the same order.
 */
import { type Failure, orFail } from "@weir/core/Failure"
import {
  checkTarget,
  makeRestriction,
  type Restricting,
  type Restriction,
  type RestrictionKind,
  type RestrictionPage,
  type RestrictionTarget,
  restrictionId
} from "@weir/core/Restriction"
import { Restrictions } from "@weir/core/Restrictions"
import { Clock, Context, Effect, Layer, Semaphore, Stream, SubscriptionRef } from "effect"
import { restrictionsHeld } from "./AuthMetrics.ts"
import { nothingSeen, RestrictionStore, type StoreChanges } from "./ports/RestrictionStore.ts"

export interface RestrictionChange {
  /** They begin anew: nothing that was told before holds. */
  readonly isWhole: boolean
  readonly put: ReadonlyArray<Restriction>
  /** Their ids. */
  readonly lifted: ReadonlyArray<string>
}

export class RestrictionList extends Context.Service<
  RestrictionList,
  {
    readonly restrict: (asked: Restricting) => Effect.Effect<Restriction, Failure>
    /** False: there was none. */
    readonly lift: (
      kind: RestrictionKind,
      target: RestrictionTarget
    ) => Effect.Effect<boolean, Failure>
    /** In the order of their ids. An empty kind: all. */
    readonly list: (kind: string, limit: number, after: string) => Effect.Effect<RestrictionPage>
    /** Undefined until the store was read once: then nobody can say that somebody may come. */
    readonly held: () => Restrictions | undefined
    /** All that hold, once that is known, then every change. */
    readonly changes: Stream.Stream<RestrictionChange>
    /** Learns what has changed in the store. */
    readonly refresh: Effect.Effect<void, Failure>
    /** Lets go of what is over, and in the store of what everybody has heard of. */
    readonly tidy: Effect.Effect<void, Failure>
  }
>()("weir/auth/RestrictionList") {
  static readonly layer: Layer.Layer<RestrictionList, never, RestrictionStore> = Layer.suspend(() =>
    Layer.effect(RestrictionList, make)
  )
}

/** Changes that are remembered for who reads slowly; beyond them it is told all of it anew. */
const maxRemembered = 1_024

const make = Effect.gen(function* () {
  const store = yield* RestrictionStore
  const oneAtATime = yield* Semaphore.make(1)
  let held = new Restrictions()
  let version = nothingSeen
  let isRead = false
  /** Up to which everybody else has read, too: so it was some time ago. */
  let tidyUpTo = nothingSeen
  let remembered: Array<RestrictionChange> = []
  /** The number of the last change; the remembered ones lead up to it. */
  const last = yield* SubscriptionRef.make(0)

  const tell = (change: RestrictionChange) => {
    remembered.push(change)
    if (remembered.length > maxRemembered) remembered = remembered.slice(-maxRemembered / 2)
    restrictionsHeld.set(held.size)
    return SubscriptionRef.update(last, (number) => number + 1)
  }

  /** Reads on until there is no more. */
  const readAll = Effect.fnUntraced(function* (): Effect.fn.Return<StoreChanges, Failure> {
    let all = yield* store.since(version)
    while (all.more) {
      const next = yield* store.since(all.version)
      // The store has begun anew meanwhile.
      if (next.isWhole) all = next
      else {
        // Of one restriction the last change is the one that counts.
        const changed = new Set([...next.lifted, ...next.put.map(restrictionId)])
        const stays = (it: Restriction) => !changed.has(restrictionId(it))
        all = {
          ...next,
          isWhole: all.isWhole,
          put: [...all.put.filter(stays), ...next.put],
          lifted: [...all.lifted.filter((id) => !changed.has(id)), ...next.lifted]
        }
      }
    }
    return all
  })

  /** The store has lost its memory; ours is as good. */
  const giveBack = Effect.fnUntraced(function* (lost: ReadonlyArray<Restriction>) {
    if (lost.length === 0) return
    yield* Effect.logWarning("restrictions were lost in Redis, and are written again", {
      count: lost.length
    })
    yield* Effect.forEach(lost, store.put, { discard: true, concurrency: 64 })
  })

  const refreshOnce = Effect.fnUntraced(function* (): Effect.fn.Return<boolean, Failure> {
    const changes = yield* readAll()
    const isAnother = version.epoch !== "" && changes.version.epoch !== version.epoch
    if (isAnother) {
      const now = yield* Clock.currentTimeMillis
      const stored = new Set(changes.put.map(restrictionId))
      const lost = [...held.values()].filter(
        (it) => it.until > now && !stored.has(restrictionId(it))
      )
      yield* giveBack(lost)
    }
    version = changes.version
    if (isAnother && !changes.isWhole) return true
    if (changes.isWhole) {
      const whole = new Restrictions()
      for (const restriction of changes.put) whole.put(restriction)
      held = whole
    } else {
      if (isRead && changes.put.length + changes.lifted.length === 0) return false
      for (const restriction of changes.put) held.put(restriction)
      for (const id of changes.lifted) held.lift(id)
    }
    isRead = true
    const { isWhole, lifted, put } = changes
    yield* tell({ isWhole, lifted, put })
    return isAnother
  })

  const refresh = oneAtATime.withPermits(1)(
    Effect.gen(function* () {
      // What was given back is read in a second round.
      if (yield* refreshOnce()) yield* refreshOnce()
    })
  )

  const whole = (): RestrictionChange => ({ isWhole: true, put: [...held.values()], lifted: [] })

  const changesAfter = (told: number, number: number): ReadonlyArray<RestrictionChange> =>
    number - told > remembered.length
      ? [whole()]
      : remembered.slice(told - number || remembered.length)

  return RestrictionList.of({
    restrict: Effect.fnUntraced(function* (asked) {
      const restriction = yield* orFail(makeRestriction(asked, yield* Clock.currentTimeMillis))
      yield* store.put(restriction)
      // It holds, whether or not we can read it now: the next look finds it.
      yield* Effect.ignore(refresh)
      return restriction
    }),
    lift: Effect.fnUntraced(function* (kind, target) {
      const checked = yield* orFail(checkTarget(kind, target))
      const lifted = yield* store.lift(restrictionId({ kind, target: checked }))
      yield* Effect.ignore(refresh)
      return lifted
    }),
    list: (kind, limit, after) =>
      Effect.sync(() => {
        const named = [...held.values()]
          .filter((it) => kind === "" || it.kind === kind)
          .map((it) => [restrictionId(it), it] as const)
          .filter(([id]) => id > after)
          .sort(([one], [other]) => (one < other ? -1 : 1))
        const page = named.slice(0, limit)
        return {
          restrictions: page.map(([, it]) => it),
          next: named.length > limit ? page.at(-1)![0] : ""
        }
      }),
    held: () => (isRead ? held : undefined),
    changes: Stream.unwrap(
      Effect.sync(() => {
        let told: number | undefined
        return Stream.flatMap(SubscriptionRef.changes(last), () => {
          if (!isRead) return Stream.empty
          const number = SubscriptionRef.getUnsafe(last)
          const changes = told === undefined ? [whole()] : changesAfter(told, number)
          told = number
          return Stream.fromIterable(changes)
        })
      })
    ),
    refresh,
    tidy: Effect.gen(function* () {
      const now = yield* Clock.currentTimeMillis
      const over = held.expire(now)
      yield* store.tidy(over, now, tidyUpTo)
      tidyUpTo = version
    })
  })
})
