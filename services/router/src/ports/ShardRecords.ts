/**
 * ShardRecords: who owns each shard, decided in one place.
 *
 * A record is taken by compare-and-set on the term that was observed, so that of
 * two routers that want a shard one gets it; and every append names its term, so
 * that the other one, whatever it believes, writes nothing.
 */
import type { Failure } from "@weir/core/Failure"
import { Context, Effect, Layer } from "effect"
import type { ShardRecord } from "../domain/ShardRecord.ts"

export type Acquired =
  | { readonly _tag: "Acquired" }
  /** Somebody else was quicker, or the store has lost what was observed. */
  | { readonly _tag: "Changed"; readonly record: ShardRecord | undefined }
  /** The owner acted on a newer view than this one: look again before asking again. */
  | { readonly _tag: "Stale"; readonly record: ShardRecord }

export class ShardRecords extends Context.Service<
  ShardRecords,
  {
    /** In the order asked; undefined where there is no record. */
    readonly read: (
      shards: ReadonlyArray<number>
    ) => Effect.Effect<ReadonlyArray<ShardRecord | undefined>, Failure>
    /** Takes the shard if its record still has the observed term; 0: if it has none. */
    readonly acquire: (
      shard: number,
      wanted: ShardRecord,
      observed: number
    ) => Effect.Effect<Acquired, Failure>
  }
>()("weir/router/ShardRecords") {}

/** Records of this process alone: for one router, and for a view that never changes. */
export const layerMemory: Layer.Layer<ShardRecords> = Layer.sync(ShardRecords, () => {
  const records = new Map<number, ShardRecord>()
  return {
    read: (shards) => Effect.sync(() => shards.map((shard) => records.get(shard))),
    acquire: (shard, wanted, observed) =>
      Effect.sync((): Acquired => {
        const record = records.get(shard)
        if ((record?.term ?? 0) !== observed) return { _tag: "Changed", record }
        if (record !== undefined && record.view > wanted.view) return { _tag: "Stale", record }
        records.set(shard, wanted)
        return { _tag: "Acquired" }
      })
  }
})
