/**
 * RedisRestrictionStore: restrictions in Redis, where all auth nodes find them.
 */
import { randomUUID } from "node:crypto"
import { type Failure, failure } from "@weir/core/Failure"
import { type Restriction, restrictionId } from "@weir/core/Restriction"
import { Redis, type Reply } from "@weir/redis/Redis"
import { Effect, Layer } from "effect"
import { maxRestrictions, RestrictionStore, type StoreChanges } from "../ports/RestrictionStore.ts"
import {
  liftScript,
  putScript,
  restrictionKeys,
  sinceScript,
  tidyScript
} from "./RestrictionScripts.ts"

/** What one answer holds at most. */
const pageSize = 1_000

const unavailable = (): Effect.Effect<never, Failure> =>
  Effect.fail(failure("unavailable", "the list of restrictions is not available", 500))

const changesOf = (reply: Reply): StoreChanges => {
  const [epoch, number, whole, more, ...pairs] = reply as ReadonlyArray<Reply>
  const put: Array<Restriction> = []
  const lifted: Array<string> = []
  for (let at = 0; at < pairs.length; at += 2) {
    const text = String(pairs[at + 1])
    if (text === "") lifted.push(String(pairs[at]))
    // What we wrote has the shape that we gave it.
    else put.push(JSON.parse(text))
  }
  return {
    version: { epoch: String(epoch), number: Number(number) },
    isWhole: whole === 1,
    more: more === 1,
    put,
    lifted
  }
}

const make = Effect.gen(function* () {
  const redis = yield* Redis

  return RestrictionStore.of({
    put: Effect.fnUntraced(function* (restriction) {
      const id = restrictionId(restriction)
      const args = [id, JSON.stringify(restriction), maxRestrictions, randomUUID()]
      const done = yield* Effect.catch(redis.run(putScript, restrictionKeys, args), unavailable)
      if (done === 1) return
      return yield* failure("too_many_requests", `restrictions: limit ${maxRestrictions}`)
    }),
    lift: (id) =>
      redis.run(liftScript, restrictionKeys, [id]).pipe(
        Effect.map((reply) => reply === 1),
        Effect.catch(unavailable)
      ),
    since: ({ epoch, number }) =>
      redis
        .run(sinceScript, restrictionKeys, [epoch, number, pageSize])
        .pipe(Effect.map(changesOf), Effect.catch(unavailable)),
    tidy: (ids, nowMillis, upTo) =>
      redis
        .run(tidyScript, restrictionKeys, [nowMillis, upTo.epoch, upTo.number, ...ids])
        .pipe(Effect.asVoid, Effect.catch(unavailable))
  })
})

export const layerRedis: Layer.Layer<RestrictionStore, never, Redis> = Layer.effect(
  RestrictionStore,
  make
)
