/**
 * ConnectionOptions: what every connection to Redis is told.
 *
 * Nothing is queued for later and nothing is sent twice: by default ioredis
 * does both, and an append whose answer was lost would happen again.
 */
import type { CommonRedisOptions, RedisOptions } from "ioredis"
import type { RedisCredentials } from "./RedisUrl.ts"

/** How long an answer may take. */
export const answerLimitMs = 1_000

const connectLimitMs = 1_000

/**
 * How long a server may say nothing at all. More than an answer may take: else a turn of our
 * own event loop that is as long costs every connection.
 */
const silenceLimitMs = 1_500

export const retryDelayMs = (attempt: number): number => Math.min(50 * 2 ** (attempt - 1), 500)

export const connectionOptions = (
  name: string,
  credentials: RedisCredentials | undefined
): Omit<CommonRedisOptions, "replyMapping"> & Pick<RedisOptions, "disconnectTimeout"> => ({
  connectionName: name,
  ...(credentials?.username === undefined ? {} : { username: credentials.username }),
  ...(credentials === undefined ? {} : { password: credentials.password }),
  // Two answers of the same shape for everything that we ask.
  protocol: 2,
  disableClientInfo: true,
  autoResendUnfulfilledCommands: false,
  autoResubscribe: false,
  // What is unanswered fails with its connection, not some attempts to reconnect later.
  maxRetriesPerRequest: 0,
  // Of our own commands `AnswerLimit` sees to it.
  commandTimeout: answerLimitMs,
  // A server that hangs: what comes after is known not to be sent.
  socketTimeout: silenceLimitMs,
  connectTimeout: connectLimitMs,
  disconnectTimeout: 500,
  maxLoadingRetryTime: 500,
  keepAlive: 5_000,
  // 1: connects again, since this is no primary any more. 2 would send it again, too.
  reconnectOnError: (error) => (error.message.startsWith("READONLY") ? 1 : false)
})
