/**
 * ChannelState: what `useChannel` shows, and how each event changes it.
 */
import type { ChannelEvent } from "../ChannelEvents.ts"
import type { WeirError } from "../Failure.ts"
import type { Gap } from "../Progress.ts"
import type { Publication } from "../Publication.ts"

export interface ChannelState {
  /** The newest, the oldest of them first. */
  readonly publications: ReadonlyArray<Publication>
  /** The newest. */
  readonly gap: Gap | undefined
  readonly isLive: boolean
  readonly error: WeirError | undefined
}

export const emptyChannel: ChannelState = {
  publications: [],
  gap: undefined,
  isLive: false,
  error: undefined
}

/** `keep`: how many publications stay. */
export const channelAfter = (
  state: ChannelState,
  event: ChannelEvent,
  keep: number
): ChannelState => {
  switch (event.type) {
    case "publication": {
      const publications = [...state.publications, event.publication]
      return { ...state, publications: publications.slice(Math.max(0, publications.length - keep)) }
    }
    case "gap":
      return { ...state, gap: event.gap }
    // These change nothing that is shown.
    case "presence":
    case "signal":
    case "subscribed":
      return state
  }
}
