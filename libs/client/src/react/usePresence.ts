/**
 * usePresence: who is in a channel.
 */
import { useLayoutEffect, useMemo, useSyncExternalStore } from "react"
import { PresenceStore } from "./PresenceStore.ts"
import { emptyView, type RosterView } from "./Roster.ts"
import { useWeir } from "./WeirProvider.ts"

export interface PresenceViewOptions {
  /** Be one of them, with this; at most 1 KiB of JSON. */
  readonly member?: unknown
}

const initial = () => emptyView

/**
 * Watches the channel's members while the component is mounted, and is one of them if `member`
 * is given. Shares its subscription with the other hooks on the channel.
 */
export const usePresence = (channel: string, options: PresenceViewOptions = {}): RosterView => {
  const client = useWeir()
  const { member } = options
  const store = useMemo(() => new PresenceStore(client, channel), [client, channel])
  useLayoutEffect(() => store.follow(member), [store, member])
  return useSyncExternalStore(store.subscribe, store.current, initial)
}
