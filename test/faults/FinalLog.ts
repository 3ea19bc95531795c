/**
 * FinalLog: what the store holds of each channel, read past all of Weir's services.
 */
import type { Position } from "@weir/core/Position"
import { Redis, type Reply } from "@weir/redis/Redis"
import { layer } from "@weir/redis/RedisConnection"
import type { RedisFailure } from "@weir/redis/RedisFailure"
import { parseRedisUrl } from "@weir/redis/RedisUrl"
import { fromBlock } from "@weir/router/adapters/LogBlocks"
import { channelKeys } from "@weir/router/adapters/ShardKeys"
import { Effect, Logger, Result, Schedule } from "effect"
import { digest, type FinalLog, type LogEntry, now } from "./history/History.ts"

type Row = ReadonlyArray<Reply>

const fieldsOf = (flat: Row): ReadonlyMap<string, Reply> =>
  new Map(
    Array.from({ length: flat.length / 2 }, (_, index) => [
      String(flat[2 * index]),
      flat[2 * index + 1]!
    ])
  )

/** Offset and term are kept twice: beside the bytes, and in them. */
const entriesOf = (row: Reply): ReadonlyArray<LogEntry> => {
  const [id, flat] = row as [Buffer, Row]
  const fields = fieldsOf(flat)
  const publications = fromBlock(fields.get("s") as Buffer, fields.get("p") as Buffer)
  const begin = Number(String(id).split("-")[0]) - publications.length + 1
  return publications.map(({ publication }, index) => {
    const { data, messageId, position, publisher } = publication
    const offset = begin + index
    if (offset !== position.offset || String(fields.get("t")) !== String(position.term)) {
      throw new Error(
        `the block ${id} of term ${fields.get("t")} holds ${JSON.stringify(position)}`
      )
    }
    return { offset, term: position.term, publisher, messageId, sha: digest(data) }
  })
}

const withRedis = <A>(
  port: number,
  read: (redis: Redis["Service"]) => Effect.Effect<A, RedisFailure>
): Promise<A> => {
  const target = Result.getOrThrow(parseRedisUrl(`redis://127.0.0.1:${port}`))
  const connection = layer(target, { name: "fault-runner" })
  const whole = Effect.gen(function* () {
    return yield* read(yield* Redis)
  })
  return Effect.runPromise(
    whole.pipe(
      Effect.provide([connection, Logger.layer([])]),
      // It may have been restarted a moment ago, on a machine that has more to do.
      Effect.retry(Schedule.max([Schedule.spaced("500 millis"), Schedule.recurs(20)]))
    )
  )
}

/** Of logged channels; one that has no log is left out. */
export const readFinalLogs = (
  port: number,
  channels: ReadonlyArray<string>
): Promise<ReadonlyArray<FinalLog>> =>
  withRedis(
    port,
    Effect.fnUntraced(function* (redis) {
      const logs: Array<FinalLog> = []
      for (const channel of channels) {
        const [, metaKey, streamKey] = channelKeys(channel)
        const meta = fieldsOf((yield* redis.command("HGETALL", [metaKey!])) as Row)
        if (meta.size === 0) continue
        const rows = (yield* redis.command("XRANGE", [streamKey!, "-", "+"])) as Row
        const floor = Number(String(meta.get("f")))
        // Of a block, what is before the anchor is let go of already.
        const entries = rows.flatMap(entriesOf).filter(({ offset }) => offset >= floor - 1)
        logs.push({
          ...{ t: now(), type: "log", channel, epoch: String(meta.get("e")) },
          ...{ entries, floor }
        })
      }
      return logs
    })
  )

/** Epoch and offset of each log's head. */
export const readHeads = (
  port: number,
  channels: ReadonlyArray<string>
): Promise<ReadonlyMap<string, Pick<Position, "epoch" | "offset">>> =>
  withRedis(
    port,
    Effect.fnUntraced(function* (redis) {
      const heads = new Map<string, Pick<Position, "epoch" | "offset">>()
      for (const channel of channels) {
        const metaKey = channelKeys(channel)[1]!
        const [epoch, offset] = (yield* redis.command("HMGET", [metaKey, "e", "o"])) as Row
        if (epoch === null) continue
        heads.set(channel, { epoch: String(epoch), offset: Number(String(offset)) })
      }
      return heads
    })
  )
