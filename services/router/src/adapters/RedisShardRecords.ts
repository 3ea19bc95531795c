/**
 * RedisShardRecords: who owns each shard, as one hash for each in Redis.
 */
import { type Argument, Redis, type Reply } from "@weir/redis/Redis"
import { Effect, Layer } from "effect"
import type { ShardRecord } from "../domain/ShardRecord.ts"
import { type Acquired, ShardRecords } from "../ports/ShardRecords.ts"
import { acquireScript } from "./RecordScripts.ts"
import { recordKey } from "./ShardKeys.ts"
import { makeUnavailable } from "./Unavailable.ts"

const recordOf = ([node, term, view]: ReadonlyArray<Reply>): ShardRecord | undefined => {
  const text = String(term ?? "")
  return text === "" ? undefined : { node: String(node), term: Number(text), view: Number(view) }
}

const acquiredOf = (reply: Reply): Acquired => {
  const [answer, ...fields] = reply as ReadonlyArray<Reply>
  const record = recordOf(fields)
  if (String(answer) === "OK") return { _tag: "Acquired" }
  return String(answer) === "STALE" && record !== undefined
    ? { _tag: "Stale", record }
    : { _tag: "Changed", record }
}

const make = Effect.gen(function* () {
  const redis = yield* Redis
  const unavailable = makeUnavailable()

  return ShardRecords.of({
    read: (shards) =>
      Effect.forEach(
        shards,
        (shard) =>
          redis
            .command("HMGET", [recordKey(shard), "n", "t", "v"])
            .pipe(Effect.map((reply) => recordOf(reply as ReadonlyArray<Reply>))),
        // All at once: they leave in one write.
        { concurrency: "unbounded" }
      ).pipe(Effect.catch(unavailable)),
    acquire: (shard, { node, term, view }, observed) => {
      const args: ReadonlyArray<Argument> = [node, term, view, observed]
      return redis
        .run(acquireScript, [recordKey(shard)], args)
        .pipe(Effect.map(acquiredOf), Effect.catch(unavailable))
    }
  })
})

export const layerRedis: Layer.Layer<ShardRecords, never, Redis> = Layer.effect(ShardRecords, make)
