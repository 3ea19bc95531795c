/**
 * RedisLayer: the Redis that the settings name, or a mistake that says what to set.
 */
import { ConfigMistakes } from "@weir/config/LoadSettings"
import type { Redis } from "@weir/redis/Redis"
import type { RedisConnectionOptions } from "@weir/redis/RedisConnection"
import { parseRedisUrl } from "@weir/redis/RedisUrl"
import { Effect, Layer, Result } from "effect"

export const layerOf = (
  redisUrl: string,
  options: RedisConnectionOptions
): Layer.Layer<Redis, ConfigMistakes> => {
  const target = parseRedisUrl(redisUrl)
  if (Result.isFailure(target)) {
    const mistakes = [`WEIR_REDIS_URL: ${target.failure}`]
    return Layer.unwrap(Effect.fail(new ConfigMistakes({ mistakes })))
  }
  // Only where there is a Redis: to load its client takes a tenth of a start.
  const load = Effect.promise(() => import("@weir/redis/RedisConnection"))
  return Layer.unwrap(Effect.map(load, ({ layer }) => layer(target.success, options)))
}
