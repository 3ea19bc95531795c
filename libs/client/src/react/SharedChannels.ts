/**
 * SharedChannels: finds the shared channel of a client, for all hooks that name it.
 */
import type { WeirClient } from "../WeirClient.ts"
import { SharedChannel } from "./SharedChannel.ts"

const byClient = new WeakMap<WeirClient, Map<string, SharedChannel>>()

/** To be joined at once: without a guest it does not stay. */
export const sharedChannel = (client: WeirClient, channel: string): SharedChannel => {
  const channels = byClient.get(client) ?? new Map<string, SharedChannel>()
  byClient.set(client, channels)
  const known = channels.get(channel)
  if (known !== undefined) return known
  const shared = new SharedChannel(client, channel, () => channels.delete(channel))
  channels.set(channel, shared)
  return shared
}
