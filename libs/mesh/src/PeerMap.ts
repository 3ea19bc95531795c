/**
 * PeerMap: one client for each peer's address, opened when first needed and
 * closed when nobody has used it for a while.
 *
 * Opening takes no waiting (a connection is made behind it), so that a client is
 * also had without a fiber: that is how publications go.
 */
import { type Failure, failure } from "@weir/core/Failure"
import { Effect, Exit, Scope } from "effect"

/**
 * Closed after one to two of these without use: longer than a restart takes, so that a
 * peer that comes back finds its client still there.
 */
const idleTime = "1 minute"

export interface PeerMap<Peer> {
  /** The client, to be used now: it is not kept open for what comes later. */
  readonly get: (address: string) => Peer
  /** Fails with `unavailable` when there is no address: nobody with the role is up. */
  readonly use: <A>(
    address: string | undefined,
    f: (peer: Peer) => Effect.Effect<A, Failure>
  ) => Effect.Effect<A, Failure>
}

interface Entry<Peer> {
  readonly peer: Peer
  readonly scope: Scope.Closeable
  users: number
  usedLately: boolean
}

/** `open` must not wait for anything. */
export const make = Effect.fnUntraced(function* <Peer>(
  role: string,
  open: (address: string) => Effect.Effect<Peer, never, Scope.Scope>
): Effect.fn.Return<PeerMap<Peer>, never, Scope.Scope> {
  const parent = yield* Effect.scope
  const run = Effect.runForkWith(yield* Effect.context())
  const entries = new Map<string, Entry<Peer>>()

  const openNow = (address: string): Entry<Peer> => {
    const scope = Scope.forkUnsafe(parent)
    const exit = run(Scope.provide(open(address), scope)).pollUnsafe()
    if (exit === undefined) throw new Error(`opening the ${role} client waits for something`)
    if (Exit.isFailure(exit)) throw new Error(`no ${role} client`, { cause: exit.cause })
    const entry = { peer: exit.value, scope, users: 0, usedLately: true }
    entries.set(address, entry)
    return entry
  }

  const entryOf = (address: string): Entry<Peer> => {
    const entry = entries.get(address) ?? openNow(address)
    entry.usedLately = true
    return entry
  }

  const closeIdle = Effect.suspend(() => {
    const idle: Array<Scope.Closeable> = []
    for (const [address, entry] of entries) {
      if (!entry.usedLately && entry.users === 0) {
        entries.delete(address)
        idle.push(entry.scope)
      }
      entry.usedLately = false
    }
    return Effect.forEach(idle, (scope) => Scope.close(scope, Exit.void), { discard: true })
  })
  yield* Effect.forkScoped(Effect.forever(Effect.andThen(Effect.sleep(idleTime), closeIdle)))

  return {
    get: (address) => entryOf(address).peer,
    use: (address, f) =>
      address === undefined
        ? Effect.fail(failure("unavailable", `no ${role} node is up`, 500))
        : Effect.acquireUseRelease(
            Effect.sync(() => {
              const entry = entryOf(address)
              entry.users++
              return entry
            }),
            ({ peer }) => f(peer),
            (entry) =>
              Effect.sync(() => {
                entry.users--
                entry.usedLately = true
              })
          )
  }
})
