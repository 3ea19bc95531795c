/**
 * RedisAuditStore: the audit trail as a stream in Redis, whose entries have the lines' numbers.
 */
import { noLines } from "@weir/core/AuditLine"
import { type Failure, failure } from "@weir/core/Failure"
import { Redis, type Reply } from "@weir/redis/Redis"
import { script } from "@weir/redis/Script"
import { Effect, Layer } from "effect"
import { AuditStore, maxLines } from "../ports/AuditStore.ts"

const headKey = "weir:{audit}:head"
const linesKey = "weir:{audit}:lines"

/** ARGV: number and hash of the head, those of the new one, how many are kept, lines. */
const appendScript = script(
  "audit-append",
  `
local head = redis.call('HMGET', KEYS[1], 'n', 'h')
if (head[1] or '0') ~= ARGV[1] then return 0 end
if head[2] and head[2] ~= ARGV[2] then return 0 end
for at = 6, #ARGV do
  redis.call('XADD', KEYS[2], (tonumber(ARGV[1]) + at - 5) .. '-0', 'l', ARGV[at])
end
redis.call('XTRIM', KEYS[2], 'MAXLEN', '~', ARGV[5])
redis.call('HSET', KEYS[1], 'n', ARGV[3], 'h', ARGV[4])
return 1
`
)

const unavailable = (): Effect.Effect<never, Failure> =>
  Effect.fail(failure("unavailable", "the audit trail is not available", 500))

const lineOf = (entry: Reply): string => {
  const [, fields] = entry as readonly [Reply, ReadonlyArray<Reply>]
  return String(fields[1])
}

const make = Effect.gen(function* () {
  const redis = yield* Redis
  return AuditStore.of({
    head: redis.command("HMGET", [headKey, "n", "h"]).pipe(
      Effect.map((reply) => {
        const [number, hash] = reply as ReadonlyArray<Reply>
        return number === null ? noLines : { number: Number(number), hash: String(hash) }
      }),
      Effect.catch(unavailable)
    ),
    append: (from, lines, to) =>
      redis
        .run(
          appendScript,
          [headKey, linesKey],
          [from.number, from.hash, to.number, to.hash, maxLines, ...lines]
        )
        .pipe(
          Effect.map((reply) => reply === 1),
          Effect.catch(unavailable)
        ),
    read: (after, limit) =>
      redis.command("XRANGE", [linesKey, `(${after}-0`, "+", "COUNT", limit]).pipe(
        Effect.map((reply) => (reply as ReadonlyArray<Reply>).map(lineOf)),
        Effect.catch(unavailable)
      )
  })
})

export const layerRedis: Layer.Layer<AuditStore, never, Redis> = Layer.effect(AuditStore, make)
