/**
 * useRoom: one client in one channel, as state for React.
 */

import { asWeirError } from "@weir/client/Failure"
import { newMessageId } from "@weir/client/MessageId"
import type { SubscriptionHandlers } from "@weir/client/Subscription"
import { WeirClient } from "@weir/client/WeirClient"
import { useCallback, useEffect, useReducer, useRef } from "react"
import { devToken } from "./devToken.ts"
import { emptyRoom, type RoomEvent, type RoomState, roomAfter } from "./RoomState.ts"

export interface RoomHandle {
  readonly state: RoomState
  /** `id` is given to send a failed message again. */
  readonly send: (text: string, id?: string) => void
  readonly dismiss: (id: string) => void
}

const SHOWN_AT_FIRST = 50
const ROSTER_LIMIT = 500
const ROSTER_RETRY_MS = 1_000

export const useRoom = (channel: string, name: string): RoomHandle => {
  const [state, dispatch] = useReducer(roomAfter, emptyRoom)
  const clientRef = useRef<WeirClient>(undefined)

  useEffect(() => {
    const client = enter(channel, name, dispatch)
    clientRef.current = client
    return () => void client.close()
  }, [channel, name])

  const send = useCallback(
    (text: string, id = newMessageId()) => {
      dispatch({ type: "sending", id, text })
      clientRef.current?.publish(channel, { text }, { messageId: id }).then(
        () => dispatch({ type: "sent", id }),
        (error) => {
          const { message } = asWeirError(error, "internal")
          dispatch({ type: "failed", id, reason: message })
        }
      )
    },
    [channel]
  )
  const dismiss = useCallback((id: string) => dispatch({ type: "dismissed", id }), [])
  return { state, send, dismiss }
}

const enter = (channel: string, name: string, dispatch: (event: RoomEvent) => void): WeirClient => {
  const client = new WeirClient({
    url: "/v1/ws",
    name: "weir-console/0.1.0",
    token: () => devToken(name),
    onState: (connection) => {
      const failure = client.failure?.message
      dispatch({ type: "connection", state: connection, ...(failure && { failure }) })
    }
  })
  const handlers = {
    onPublication: (publication) => dispatch({ type: "publication", publication }),
    onGap: (gap) => dispatch({ type: "gap", gap }),
    onPresence: (change) => {
      dispatch({ type: "presence", change })
      if (change.reset) callRoll(client, channel, dispatch)
    },
    // Whoever came or went while we were away is not told again.
    onSubscribed: () => callRoll(client, channel, dispatch)
  } satisfies SubscriptionHandlers
  const options = { rewind: { last: SHOWN_AT_FIRST }, member: {}, presence: true }
  client.subscribe(channel, handlers, options)
  client.connect()
  return client
}

const callRoll = async (
  client: WeirClient,
  channel: string,
  dispatch: (event: RoomEvent) => void
): Promise<void> => {
  dispatch({ type: "rosterAsked" })
  try {
    const { members } = await client.presence(channel, { limit: ROSTER_LIMIT })
    dispatch({ type: "roster", members })
  } catch (error) {
    if (client.state === "connected" && asWeirError(error, "internal").retryable) {
      setTimeout(() => callRoll(client, channel, dispatch), ROSTER_RETRY_MS)
    }
  }
}
