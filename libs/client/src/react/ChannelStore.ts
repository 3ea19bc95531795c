/**
 * ChannelStore: the state of one `useChannel`, which lives as long as somebody watches it.
 */
import { callBack } from "../Callback.ts"
import type { ChannelEvent } from "../ChannelEvents.ts"
import { Observed } from "../Observable.ts"
import type { Gap } from "../Progress.ts"
import type { Publication } from "../Publication.ts"
import type { PublishOptions } from "../Publisher.ts"
import type { Published } from "../PublishLane.ts"
import type { Signal, SignalOptions } from "../Signal.ts"
import type { WeirClient } from "../WeirClient.ts"
import { type ChannelState, channelAfter, emptyChannel } from "./ChannelState.ts"
import type { SharedChannel } from "./SharedChannel.ts"
import { sharedChannel } from "./SharedChannels.ts"

export interface ChannelStoreOptions {
  readonly rewind?: number | undefined
  readonly keep?: number | undefined
  onPublication?(publication: Publication): unknown
  onGap?(gap: Gap): unknown
  onSignal?(signal: Signal): unknown
}

const KEEP = 100

export class ChannelStore {
  readonly #client: WeirClient
  readonly #channel: string
  readonly #state = new Observed<ChannelState>(emptyChannel)
  #options: ChannelStoreOptions = {}
  #shared: SharedChannel | undefined

  constructor(client: WeirClient, channel: string) {
    this.#client = client
    this.#channel = channel
  }

  /** Takes the options of the newest render. */
  follow(options: ChannelStoreOptions): void {
    this.#options = options
  }

  readonly current = (): ChannelState => this.#state.value

  /** Joins the channel, from the beginning, until what is returned is called. */
  readonly subscribe = (listener: () => void): (() => void) => {
    const shared = sharedChannel(this.#client, this.#channel)
    this.#shared = shared
    this.#state.set({ ...emptyChannel, ...shared.status.value })
    const unlisten = this.#state.subscribe(listener)
    const unwatch = shared.status.subscribe((status) => this.#change(status))
    const leave = shared.join({
      wish: () => ({ rewind: this.#options.rewind ?? 0, presence: false, member: undefined }),
      onEvent: (event) => this.#take(event),
      onError: (error) => this.#change({ error })
    })
    return () => {
      leave()
      unwatch()
      unlisten()
      this.#shared = undefined
    }
  }

  readonly publish = (data: unknown, options?: PublishOptions): Promise<Published> =>
    this.#client.publish(this.#channel, data, options)

  readonly signal = (data: unknown, options?: SignalOptions): boolean =>
    this.#shared?.signal(data, options) ?? false

  #change(state: Partial<ChannelState>): void {
    this.#state.set({ ...this.#state.value, ...state })
  }

  #take(event: ChannelEvent): void {
    this.#state.set(channelAfter(this.#state.value, event, this.#options.keep ?? KEEP))
    if (event.type === "publication") {
      callBack(() => this.#options.onPublication?.(event.publication))
    } else if (event.type === "gap") {
      callBack(() => this.#options.onGap?.(event.gap))
    } else if (event.type === "signal") {
      callBack(() => this.#options.onSignal?.(event.signal))
    }
  }
}
