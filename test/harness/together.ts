/**
 * together: `runTogether` of a Redis as an Effect, for tests that wait for it.
 */
import type { Redis, Reply } from "@weir/redis/Redis"
import type { RedisFailure } from "@weir/redis/RedisFailure"
import { Effect } from "effect"

type Asked = Parameters<Redis["Service"]["runTogether"]>

export const together = (
  redis: Redis["Service"],
  script: Asked[0],
  keys: Asked[1],
  args: Asked[2]
): Effect.Effect<Reply, RedisFailure> =>
  Effect.callback((resume) => redis.runTogether(script, keys, args, resume))
