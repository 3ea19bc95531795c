/**
 * SdkSubscriber: a program with the SDK; what its callbacks see.
 */
import { WeirClient } from "@weir/client/WeirClient"
import type { Position } from "@weir/core/Position"
import { digest, now } from "../history/History.ts"
import { clientSocket } from "./ClientSocket.ts"
import type { Crew, SubscribingMember } from "./Crew.ts"

interface Asked {
  readonly channel: string
  readonly since?: Position
}

/** What a sent frame asks to be subscribed to. */
const askedIn = (data: string): ReadonlyArray<Asked> => {
  const envelopes = [JSON.parse(data)].flat()
  return envelopes.flatMap(({ payload, type }) => {
    if (type === "connect") return payload.subscriptions ?? []
    return type === "subscribe" ? [payload] : []
  })
}

export const startSdkSubscriber = (
  crew: Crew,
  name: string,
  channels: ReadonlyArray<string>,
  onClosed: (byUs: boolean) => void
): SubscribingMember => {
  const random = crew.random.fork()
  let isConnected = false
  const asked = new Map<string, Position | undefined>()
  const { cut, Socket } = clientSocket({
    address: () => random.pick(crew.connectors()),
    onSent: (data) => {
      for (const { channel, since } of askedIn(data)) {
        asked.set(channel, since)
        const more = since === undefined ? {} : { since }
        crew.record({
          ...{ t: now(), type: "subscribe", phase: "invoke", subscriber: name, channel, ...more }
        })
      }
    },
    onClosed: (code, byUs) => {
      crew.record({ t: now(), type: "close", subscriber: name, code })
      // One that was refused is none that was lost.
      if (isConnected) onClosed(byUs)
      isConnected = false
    }
  })
  const client = new WeirClient({
    url: "ws://a.connector",
    token: crew.token("reader"),
    webSocket: Socket,
    backoff: { minMs: 100, maxMs: 2_000 },
    random: random.next,
    onState: (state) => {
      if (state === "connected") isConnected = true
      if (state === "closed" && client.failure !== undefined) {
        crew.complain(
          `${name} was closed for good: ${client.failure.code} ${client.failure.message}`
        )
      }
    }
  })
  const subscriptions = new Map(
    channels.map((channel) => {
      const it = client.subscribe(channel, {
        onSubscribed: ({ next, position, reason, recovered }) => {
          const since = asked.get(channel)
          crew.record({
            ...{ t: now(), type: "subscribe", phase: "ok", subscriber: name, channel },
            ...{ position, recovered, next },
            ...(reason === undefined ? {} : { reason }),
            ...(since === undefined ? {} : { since })
          })
        },
        onPublication: ({ data, messageId, position, publisher }) =>
          crew.record({
            ...{ t: now(), type: "deliver", subscriber: name, channel, position, publisher },
            ...{ messageId, sha: digest(String(data)), via: "callback" }
          }),
        onGap: ({ from, position, reason, to }) =>
          crew.record({
            ...{ t: now(), type: "gap", subscriber: name, channel, reason, position },
            ...(from === undefined ? {} : { from }),
            ...(to === undefined ? {} : { to })
          }),
        onError: ({ code, message }) => crew.complain(`${name}, ${channel}: ${code} ${message}`),
        onUnsubscribed: (reason) => {
          if (reason !== "") crew.complain(`${name}, ${channel}: unsubscribed, ${reason}`)
        }
      })
      return [channel, it] as const
    })
  )
  client.connect()
  return {
    name,
    channels,
    position: (channel) => subscriptions.get(channel)!.position,
    cut,
    close: () => client.close()
  }
}
