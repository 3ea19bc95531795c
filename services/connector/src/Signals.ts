/**
 * Signals: what a client says in passing to the others of a channel: typing, a cursor.
 *
 * Never stored and never repeated. Wherever there is no room for one, on the lane or at a
 * client that reads slowly, it is left out: the next one makes up for it.
 */
import { checkVerb } from "@weir/core/CheckAccess"
import { checkContent } from "@weir/core/Content"
import { Failure, failure } from "@weir/core/Failure"
import type { Namespaces } from "@weir/core/Namespace"
import { Signal } from "@weir/proto/client/v1/client"
import type { ChannelFeed } from "./ChannelFeed.ts"
import { signalsDropped } from "./ConnectorMetrics.ts"
import { type Framing, framePayload } from "./Framing.ts"
import type { Trust } from "./loops/Trust.ts"
import { checkMuted } from "./Muted.ts"
import type { Session } from "./Session.ts"

const maxBytes = 1_024

export interface SignalDeps {
  readonly trust: Trust["Service"]
  readonly namespaces: Namespaces
  /** Sends an encoded signal to the channel's owner, if it can be reached and has room. */
  readonly signal: (channel: string, bytes: Uint8Array) => void
}

/** Sends it on its way, or says why this client may not. */
export const sendSignal = (
  { namespaces, signal, trust }: SignalDeps,
  session: Session,
  { channel, contentType, data }: Signal
): Failure | undefined => {
  const denied = checkVerb(namespaces, session.identity!.capabilities, "signal", channel)
  if (denied instanceof Failure) return denied
  const subscription = session.subscriptions.get(channel)
  if (subscription === undefined || subscription.state === "pending") {
    return failure("not_subscribed", `not subscribed to ${channel}: signals are for who listens`)
  }
  const content = checkContent(contentType, data, maxBytes)
  if (content instanceof Failure) return content
  const muted = checkMuted(trust.restrictions(), session)
  if (muted !== undefined) return muted
  const { publicName, publisher } = session
  subscription.signalledAs = publicName
  const sent: Signal = { channel, publisher, member: publicName, contentType, data: content }
  signal(channel, Signal.encode(sent).finish())
  return undefined
}

/** Gives it to every subscriber but the one that it is from. */
export const giveSignal = (feed: ChannelFeed, signal: Signal, nowMillis: number): void => {
  const frames = new Map<Framing, Buffer>()
  for (const { connection, signalledAs, state } of feed.subscriptions) {
    if (state === "pending" || signalledAs === signal.member) continue
    if (!connection.isClear) {
      signalsDropped.add()
      continue
    }
    const { framing } = connection
    const frame =
      frames.get(framing) ?? framePayload(framing, 0, nowMillis, { $case: "signal", value: signal })
    frames.set(framing, frame)
    connection.push(frame, 1)
  }
}
