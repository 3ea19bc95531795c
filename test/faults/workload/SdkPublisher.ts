/**
 * SdkPublisher: a program that publishes with the SDK, which sends again by itself.
 */
import type { WeirError } from "@weir/client/Failure"
import { WeirClient } from "@weir/client/WeirClient"
import { digest, now } from "../history/History.ts"
import { clientSocket } from "./ClientSocket.ts"
import { type Crew, dataOf, type PublishingMember, phaseOf } from "./Crew.ts"

/** Below the SDK's own 256 per channel. */
const mostUndecided = 128

export const startSdkPublisher = (crew: Crew, name: string): PublishingMember => {
  const random = crew.random.fork()
  const { Socket } = clientSocket({ address: () => random.pick(crew.connectors()) })
  const undecided = new Map<string, number>()
  let all = 0
  let count = 0
  const client = new WeirClient({
    url: "ws://a.connector",
    token: crew.token(name),
    webSocket: Socket,
    backoff: { minMs: 50, maxMs: 1_000 },
    random: random.next
  })
  client.connect()

  const change = (channel: string, by: number) => {
    undecided.set(channel, (undecided.get(channel) ?? 0) + by)
    all += by
  }
  return {
    publish: (channel) => {
      if ((undecided.get(channel) ?? 0) >= mostUndecided) return
      const messageId = `${name}-${++count}`
      const data = dataOf(messageId)
      const what = { type: "publish", process: name, channel, messageId } as const
      change(channel, 1)
      crew.record({ t: now(), ...what, phase: "invoke", sha: digest(data) })
      client.publish(channel, data, { messageId, contentType: "text/plain" }).then(
        ({ duplicate, position }) => {
          crew.record({ t: now(), ...what, phase: "ok", position, duplicate })
          change(channel, -1)
        },
        ({ code, message }: WeirError) => {
          crew.record({ t: now(), ...what, phase: phaseOf(code), code })
          if (code === "internal") crew.complain(`${name}, ${channel}: ${code} ${message}`)
          change(channel, -1)
        }
      )
    },
    undecided: () => all,
    close: () => client.close()
  }
}
