/**
 * CheckAccess: may somebody with these capabilities do this on this channel?
 * The same rules at every door.
 */
import { type Capabilities, checkAccess, type Verb } from "./Capability.ts"
import { checkChannel } from "./CheckMessage.ts"
import { Failure, failure } from "./Failure.ts"
import type { Namespace, Namespaces } from "./Namespace.ts"

/** The channel's namespace, or why there is no such channel or no such right. */
export const checkVerb = (
  namespaces: Namespaces,
  capabilities: Capabilities,
  verb: Verb,
  channel: string
): Namespace | Failure => {
  const namespace = checkChannel(namespaces, channel)
  if (namespace instanceof Failure) return namespace
  return checkAccess(capabilities, verb, channel) ?? namespace
}

/** Do the namespace's channels have rosters? */
export const checkRoster = (namespace: Namespace): Namespace | Failure =>
  namespace.presence
    ? namespace
    : failure("permission_denied", `namespace ${namespace.name} keeps no roster`)
