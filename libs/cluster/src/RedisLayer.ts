/**
 * RedisLayer: the Redis that the settings name, or a mistake that says what to set.
 */
import { ConfigMistakes } from "@weir/config/LoadSettings"
import type { Redis } from "@weir/redis/Redis"
import * as RedisConnection from "@weir/redis/RedisConnection"
import { parseRedisUrl } from "@weir/redis/RedisUrl"
import { Effect, Layer, Result } from "effect"

export const layerOf = (
  redisUrl: string,
  options: RedisConnection.RedisConnectionOptions
): Layer.Layer<Redis, ConfigMistakes> => {
  const target = parseRedisUrl(redisUrl)
  if (Result.isSuccess(target)) return RedisConnection.layer(target.success, options)
  const mistakes = [`WEIR_REDIS_URL: ${target.failure}`]
  return Layer.unwrap(Effect.fail(new ConfigMistakes({ mistakes })))
}
