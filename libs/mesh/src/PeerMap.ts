/**
 * PeerMap: one client for each peer's address, opened when first needed and
 * closed when nobody has used it for a while.
 */
import { type Failure, failure } from "@weir/core/Failure"
import { Effect, RcMap, type Scope } from "effect"

/** Longer than a restart takes, so that a peer that comes back finds its client still there. */
const idleTimeToLive = "1 minute"

export interface PeerMap<Peer> {
  /** Fails with `unavailable` when there is no address: nobody with the role is up. */
  readonly use: <A>(
    address: string | undefined,
    f: (peer: Peer) => Effect.Effect<A, Failure>
  ) => Effect.Effect<A, Failure>
}

export const make = Effect.fnUntraced(function* <Peer>(
  role: string,
  open: (address: string) => Effect.Effect<Peer, never, Scope.Scope>
): Effect.fn.Return<PeerMap<Peer>, never, Scope.Scope> {
  const peers = yield* RcMap.make({ lookup: open, idleTimeToLive })
  return {
    use: (address, f) =>
      address === undefined
        ? Effect.fail(failure("unavailable", `no ${role} node is up`, 500))
        : Effect.scoped(Effect.flatMap(RcMap.get(peers, address), f))
  }
})
