/**
 * PeerAddress: where a request comes from, also through proxies.
 *
 * `X-Forwarded-For` grows from left to right, each proxy adding whom it heard from; whatever stands
 * left of the first one that we do not trust, anybody may have written. So it is read from the
 * right, and only where our own peer is a proxy that we trust.
 */
import { isIP } from "node:net"

/** Longer chains are not read: no deployment has them. */
const maxHops = 16

/** `192.0.2.7`, `192.0.2.7:4711`, `[2001:db8::1]:4711`, `2001:db8::1`; undefined for anything else. */
const addressIn = (hop: string): string | undefined => {
  const text = hop.trim()
  const bare = /^\[(.*)\](?::\d+)?$/.exec(text)?.[1] ?? /^([\d.]+):\d+$/.exec(text)?.[1] ?? text
  return isIP(bare) === 0 || bare.includes("%") ? undefined : bare
}

/** `peer`: our own; `forwarded`: the header, if there is one. */
export const peerAddress = (
  peer: string,
  forwarded: string | undefined,
  isTrusted: (address: string) => boolean
): string => {
  if (forwarded === undefined || !isTrusted(peer)) return peer
  let from = peer
  const hops = forwarded.split(",").slice(-maxHops)
  for (const hop of hops.reverse()) {
    const address = addressIn(hop)
    // A proxy that we trust does not write that: whoever did is behind it.
    if (address === undefined) return from
    from = address
    if (!isTrusted(address)) return from
  }
  return from
}
