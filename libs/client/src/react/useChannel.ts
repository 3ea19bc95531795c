/**
 * useChannel: the newest publications of a channel, and what it takes to write to it.
 */
import { useLayoutEffect, useMemo, useSyncExternalStore } from "react"
import type { WeirError } from "../Failure.ts"
import type { Gap } from "../Progress.ts"
import type { Publication } from "../Publication.ts"
import type { PublishOptions } from "../Publisher.ts"
import type { Published } from "../PublishLane.ts"
import type { Signal, SignalOptions } from "../Signal.ts"
import { emptyChannel } from "./ChannelState.ts"
import { ChannelStore } from "./ChannelStore.ts"
import { useWeir } from "./WeirProvider.ts"

/** A publication whose data is taken for a `T`. Nobody checks that: anyone may publish here. */
export type PublicationOf<T> = Omit<Publication, "data"> & { readonly data: T }

export interface ChannelOptions<T> {
  /** Begin with the last n publications; 0 when absent. Read once, when the hook begins. */
  readonly rewind?: number | undefined
  /** How many publications stay in the state; 100 when absent. */
  readonly keep?: number | undefined
  onPublication?(publication: PublicationOf<T>): unknown
  onGap?(gap: Gap): unknown
  onSignal?(signal: Signal): unknown
}

export interface ChannelView<T> {
  /** The newest `keep` since the hook began, the oldest of them first. */
  readonly publications: ReadonlyArray<PublicationOf<T>>
  /** The newest gap: something of the channel will not come. */
  readonly gap: Gap | undefined
  /** False while disconnected; what is missed then comes later, or `gap` says so. */
  readonly isLive: boolean
  /** The server refused for good. */
  readonly error: WeirError | undefined
  publish(data: T, options?: PublishOptions): Promise<Published>
  /** False: it was left out, as `Subscription.signal` says. */
  signal(data: unknown, options?: SignalOptions): boolean
}

const initial = () => emptyChannel

/**
 * Subscribes to the channel while the component is mounted. All hooks on a channel share one
 * subscription: it begins with the largest rewind that is asked, and one that comes later
 * reads its rewind from the history. `T` is what the program takes the data for, unchecked.
 */
export const useChannel = <T = unknown>(
  channel: string,
  options: ChannelOptions<T> = {}
): ChannelView<T> => {
  const client = useWeir()
  const store = useMemo(() => new ChannelStore(client, channel), [client, channel])
  useLayoutEffect(() => store.follow(options as ChannelOptions<unknown>))
  const state = useSyncExternalStore(store.subscribe, store.current, initial)
  const publications = state.publications as ReadonlyArray<PublicationOf<T>>
  return { ...state, publications, publish: store.publish, signal: store.signal }
}
