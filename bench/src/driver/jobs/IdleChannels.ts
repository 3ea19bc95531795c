/**
 * IdleChannels: connections of Weir's with many channels each, on which nobody publishes.
 *
 * Says `opened` once all are subscribed; any line ends it.
 */
import type { Subscribing } from "../../System.ts"
import type { Dialect } from "../Dialect.ts"
import { dialect } from "../dialects/WeirJson.ts"
import type { JobKind, RunJob } from "../Job.ts"
import { openSocket, type RawSocket, SharedReads } from "../RawSocket.ts"

export interface IdleChannelsJob extends JobKind {
  readonly kind: "idleChannels"
  readonly subscribing: Subscribing
  /** In the names of the channels: nobody else has them. */
  readonly name: string
  readonly connections: number
  /** Of each connection, at most 128. */
  readonly channels: number
  readonly localAddresses: ReadonlyArray<string>
}

export interface IdleChannelsResult {
  readonly closed: number
}

/** Each handshake asks for a hundred channels: few at once are enough to keep Weir busy. */
const atOnce = 8

const subscribingTo = (channels: ReadonlyArray<string>): Dialect => ({
  ...dialect,
  hello: (_channel, token) =>
    JSON.stringify({
      type: "connect",
      id: 1,
      payload: {
        ...{ token, versions: ["1"], client: "bench" },
        subscriptions: channels.map((channel) => ({ channel }))
      }
    })
})

export const run: RunJob<IdleChannelsJob, IdleChannelsResult> = async (job, context) => {
  const { connections, localAddresses, subscribing } = job
  const { addresses, token } = subscribing
  const reads = new SharedReads()
  const sockets: Array<RawSocket> = []
  let closed = 0

  const opened = (index: number) =>
    new Promise<void>((resolve, reject) => {
      const channels = Array.from(
        { length: job.channels },
        (_, it) => `live:${job.name}-${index}-${it}`
      )
      const options = {
        address: addresses[index % addresses.length]!,
        localAddress: localAddresses[index % localAddresses.length],
        dialect: subscribingTo(channels),
        ...{ channel: "", token }
      }
      const onClosed = (why: string) => {
        closed++
        reject(new Error(`connection ${index}: ${why}`))
      }
      const events = { ready: resolve, publication: () => {}, closed: onClosed }
      sockets.push(openSocket(reads, options, events))
    })

  let started = 0
  const openSome = async () => {
    while (started < connections) await opened(started++)
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, connections) }, openSome))
  context.emit({ event: "opened" })
  await context.nextLine()
  const result = { closed }
  for (const socket of sockets) socket.close()
  return result
}
