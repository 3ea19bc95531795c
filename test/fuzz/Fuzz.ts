/**
 * Fuzz: one run against one server, which a healthy client uses all the while, and what it
 * leaves behind in the server's memory.
 */
import { randomFrom } from "../faults/Random.ts"
import { type Heap, inspectFlags, inspectHeap } from "../harness/Heap.ts"
import { connectJson } from "../harness/JsonClient.ts"
import { auth, tokenFor } from "../harness/Tokens.ts"
import { metric, start, type WeirProcess } from "../harness/WeirProcess.ts"
import { complaints } from "../harness/Witness.ts"
import { waitUntil } from "../harness/waitUntil.ts"
import { runCalls } from "./Calls.ts"
import { fuzzedChannels } from "./Frames.ts"
import { runFuzzClients } from "./FuzzClients.ts"

export interface FuzzOptions {
  readonly seed: number
  /** Messages over WebSocket. */
  readonly frames: number
  /** Calls over gRPC and HTTP. */
  readonly calls: number
  readonly onProgress: (text: string) => void
}

export interface FuzzReport {
  readonly seen: ReadonlyMap<string, number>
  /** Messages that the connector has read. */
  readonly messagesRead: number
  /** After a tenth of it all, and at the end. */
  readonly heaps: readonly [Heap, Heap]
  /** What the healthy client published, and what it received of that, in order. */
  readonly healthy: { readonly published: number; readonly received: ReadonlyArray<unknown> }
  /** What in the server's log looks like a bug. */
  readonly complaints: ReadonlyArray<string>
}

const verbs = ["subscribe", "publish", "history", "presence", "signal"]
const channel = "chat:healthy"
const publishEveryMs = 50

const startServer = (): Promise<WeirProcess> => {
  const namespace = { historySize: 10, presence: true, clientPublish: true }
  return start({
    program: "standalone",
    nodeFlags: inspectFlags,
    config: {
      auth,
      // So that each message is looked at, and none only counted.
      limits: { exempt: ["127.0.0.0/8"] },
      namespaces: {
        chat: namespace,
        live: { logged: false, clientPublish: true },
        state: { historySize: 1, clientPublish: true, slowConsumer: "conflate" }
      }
    }
  })
}

/** Publishes and listens until it is stopped; then says what became of that. */
const startHealthyClient = async (server: WeirProcess) => {
  const client = await connectJson(server.http!, {
    token: await tokenFor("healthy", { "*": verbs }),
    subscriptions: [{ channel }]
  })
  const received: Array<unknown> = []
  let published = 0
  let stopped = false
  const publishing = (async () => {
    while (!stopped) {
      const answer = await client.publish(channel, ++published)
      if (answer.type !== "published") {
        throw new Error(`the healthy client got ${JSON.stringify(answer)}`)
      }
      received.push(...client.takeValues(channel))
      await new Promise((resolve) => setTimeout(resolve, publishEveryMs))
    }
  })()
  // Whoever waits for it is told; until then nobody is.
  publishing.catch(() => {})
  return async () => {
    stopped = true
    await publishing
    await waitUntil("the healthy client has heard all", () => {
      received.push(...client.takeValues(channel))
      return received.length >= published
    })
    client.close()
    return { published, received }
  }
}

export const fuzz = async ({
  calls,
  frames,
  onProgress,
  seed
}: FuzzOptions): Promise<FuzzReport> => {
  const server = await startServer()
  try {
    const random = randomFrom(seed)
    const token = await tokenFor(
      "mallory",
      Object.fromEntries(fuzzedChannels.map((name) => [name, verbs]))
    )
    const stopHealthyClient = await startHealthyClient(server)
    const seen = new Map<string, number>()
    const add = (counts: ReadonlyMap<string, number>) => {
      for (const [what, count] of counts) seen.set(what, (seen.get(what) ?? 0) + count)
    }
    const part = async (share: number) => {
      const http = server.http!
      add(
        await runFuzzClients({
          http,
          token,
          random: random.fork(),
          count: Math.ceil(frames * share),
          onProgress: (sent) => onProgress(`${sent} messages`)
        })
      )
      add(
        await runCalls({
          http,
          grpc: server.grpc!,
          random: random.fork(),
          count: Math.ceil(calls * share),
          onProgress: (done) => onProgress(`${done} calls`)
        })
      )
    }
    await part(0.1)
    const before = await inspectHeap(server)
    await part(0.9)
    const after = await inspectHeap(server)
    return {
      seen,
      messagesRead: await metric(server.ops, "weir_connector_messages_in_total"),
      heaps: [before, after],
      healthy: await stopHealthyClient(),
      complaints: await complaints(server)
    }
  } finally {
    await server.stop()
  }
}
