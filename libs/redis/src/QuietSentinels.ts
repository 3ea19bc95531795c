/**
 * QuietSentinels: the Sentinels' connector of ioredis, which does not print.
 *
 * It watches every Sentinel for a failover without listening to its errors, and
 * ioredis prints what nobody listens to: a stack for each attempt to reconnect,
 * for as long as one of several Sentinels is away.
 */
import { type Redis as Connection, SentinelConnector } from "ioredis"

type Options = ConstructorParameters<typeof SentinelConnector>[0]
type Open = (...args: ReadonlyArray<unknown>) => Connection

export class QuietSentinels extends SentinelConnector {
  constructor(options: unknown) {
    super(options as Options)
    // Private to TypeScript only; a version without it fails the test with a dead Sentinel.
    const open: Open = Reflect.get(this, "connectToSentinel").bind(this)
    const openQuietly: Open = (...args) => open(...args).on("error", () => {})
    Reflect.set(this, "connectToSentinel", openQuietly)
  }
}
