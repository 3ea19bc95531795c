/**
 * Attention: when a subscriber was subscribed, and whether it was told that the
 * log went back or began anew.
 */
import type { Line } from "./ChannelHistory.ts"

export interface Attention {
  /** After a time. Who left and never came back could not be told, and counts as told. */
  readonly isTold: (after: number) => boolean
  /** All the while from one time to another? */
  readonly isSubscribed: (from: number, to: number) => boolean
}

const tellsLoss = (reason: string | undefined): boolean =>
  reason === "rolled_back" || reason === "epoch_changed"

export const attentionOf = ({ events }: Line): Attention => {
  let lastTold = Number.NEGATIVE_INFINITY
  let isGone = false
  const subscribed: Array<{ readonly from: number; to: number }> = []
  const leave = (t: number) => {
    isGone = true
    const last = subscribed.at(-1)
    if (last !== undefined) last.to = Math.min(last.to, t)
  }
  for (const event of events) {
    switch (event.type) {
      case "gap":
        isGone = false
        if (tellsLoss(event.reason)) lastTold = event.t
        break
      case "subscribe":
        if (event.phase === "invoke") break
        isGone = false
        if (!event.recovered && tellsLoss(event.reason)) lastTold = event.t
        subscribed.push({ from: event.t, to: Number.POSITIVE_INFINITY })
        break
      case "close":
      case "unsubscribe":
        leave(event.t)
        break
      case "connected":
      case "deliver":
        isGone = false
    }
  }
  return {
    isTold: (after) => isGone || lastTold >= after,
    isSubscribed: (from, to) => subscribed.some((it) => it.from < from && to < it.to)
  }
}
