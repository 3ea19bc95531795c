/**
 * Resumptions: what a client remembers between its connections, and says when it comes
 * back. A system that knows nothing of that is connected to anew.
 */
import { backoffMs } from "@weir/client/Backoff"
import { WeirError } from "@weir/client/Failure"
import type { Subscribing } from "../System.ts"
import { type Dialect, payloadBytes, type Sink } from "./Dialect.ts"
import { loadDialect } from "./Dialects.ts"
import { join, dialect as socketIo, socketIoReader } from "./dialects/SocketIo.ts"
import { dialect as weirJson } from "./dialects/WeirJson.ts"
import { hearingGaps } from "./Gaps.ts"
import { sequenceAt } from "./Payload.ts"

export interface Memory {
  /**
   * Where each publication of the channel stands, by its number: the same for all who
   * hear it, so it is read once.
   */
  readonly positions: Array<string | undefined>
  /** The number of the last one that this client has heard; -1: none. */
  readonly lastHeard: () => number
  /** Whether the server has all that was missed. */
  readonly onResumed: (recovered: boolean) => void
  /** The server says that something was left out. */
  readonly onGap: () => void
  /** Connected, but not subscribed: another attempt follows. */
  readonly onRetry: (why: string) => void
}

/** As Weir's SDK has it by default. */
export const usualBackoff = { minMs: 500, maxMs: 20_000 }

/** The dialect of a client's next connection. */
export type Resumption = () => Dialect

const closingBrace = 125

/** `"position":{…}` is the last one before the data. */
const positionBefore = (bytes: Buffer, at: number): string => {
  const from = bytes.lastIndexOf('"position":', at) + '"position":'.length
  return bytes.toString("latin1", from, bytes.indexOf(closingBrace, from) + 1)
}

interface Subscribed {
  readonly position: object
  readonly recovered: boolean
}

interface Refusal {
  readonly code: string
  readonly message: string
  readonly retryAfterMs: number
}

type Subscription = { readonly subscribed: Subscribed } | { readonly error: Refusal }

type Answer =
  | {
      readonly type: "connected"
      readonly payload: {
        readonly ticket: string
        readonly subscriptions: readonly [Subscription]
      }
    }
  | { readonly type: "subscribed"; readonly payload: Subscribed }
  | { readonly type: "error"; readonly payload: Refusal }

/** The first letter of a message's type: `connected`, `subscribed`, `error`. */
const typeStart = 9
const answers = new Set(["c", "s", "e"].map((letter) => letter.charCodeAt(0)))

/** A ticket instead of the token, and the subscription with its `since`: one round trip. */
const weir = (memory: Memory): Resumption => {
  const { lastHeard, onGap, onResumed, onRetry, positions } = memory
  let ticket: string | undefined
  let joinedAt: string | undefined
  let attempt = 0

  const subscription = (channel: string) => {
    const position = positions[lastHeard()] ?? joinedAt
    return position === undefined ? { channel } : { channel, since: JSON.parse(position) }
  }
  const hello = (channel: string, token: string): string => {
    const credential = ticket === undefined ? { token } : { ticket }
    const subscriptions = [subscription(channel)]
    const payload = { ...credential, versions: ["1"], client: "bench", subscriptions }
    return JSON.stringify({ type: "connect", id: 1, payload })
  }
  const reader = (sink: Sink, channel: string) => {
    const read = weirJson.reader(
      {
        ...sink,
        publication: (bytes, at) => {
          positions[sequenceAt(bytes, at)] ??= positionBefore(bytes, at)
          sink.publication(bytes, at)
        }
      },
      channel
    )
    const subscribe = () =>
      sink.send(JSON.stringify({ type: "subscribe", id: 2, payload: subscription(channel) }))
    const onSubscribed = ({ position, recovered }: Subscribed) => {
      if (joinedAt !== undefined) onResumed(recovered)
      joinedAt = JSON.stringify(position)
      attempt = 0
      sink.ready()
    }
    const onRefused = ({ code, message, retryAfterMs }: Refusal) => {
      if (!new WeirError(code, message).retryable) throw new Error(`${code}: ${message}`)
      onRetry(`${code}: ${message}`)
      const backoff = backoffMs(attempt++, usualBackoff, Math.random())
      setTimeout(subscribe, retryAfterMs > 0 ? retryAfterMs : backoff)
    }
    const onAnswer = (answer: Answer) => {
      if (answer.type === "error") return onRefused(answer.payload)
      if (answer.type === "subscribed") return onSubscribed(answer.payload)
      ticket = answer.payload.ticket
      const [first] = answer.payload.subscriptions
      if ("error" in first) onRefused(first.error)
      else onSubscribed(first.subscribed)
    }
    return (bytes: Buffer, start: number, end: number) => {
      if (!answers.has(bytes[start + typeStart]!)) return read(bytes, start, end)
      onAnswer(JSON.parse(bytes.toString("utf8", start, end)))
    }
  }
  const dialect = hearingGaps({ ...weirJson, hello, reader }, onGap)
  return () => dialect
}

/** `42["message",` */
const eventHead = 13
const eventTail = eventHead + payloadBytes

/** The id of the session, and the offset of the last event, which is its last argument. */
const socketIoRecovery = (memory: Memory): Resumption => {
  const { lastHeard, onResumed, positions } = memory
  let session: string | undefined

  const hello = (): string => {
    const offset = positions[lastHeard()]
    return session === undefined || offset === undefined
      ? "40"
      : `40${JSON.stringify({ pid: session, offset })}`
  }
  const reader = (sink: Sink, channel: string) => {
    const onConnected = (details: string) => {
      const { pid } = JSON.parse(details) as { readonly pid: string }
      if (session !== undefined) onResumed(pid === session)
      // With the session come its rooms.
      if (pid === session) return sink.ready()
      session = pid
      sink.send(join(channel))
    }
    return socketIoReader(sink, channel, onConnected, (bytes, start, end) => {
      const at = start + eventHead
      // `,"offset"]`
      positions[sequenceAt(bytes, at)] ??= bytes.toString("latin1", start + eventTail + 2, end - 2)
      sink.publication(bytes, at)
    })
  }
  const dialect: Dialect = { ...socketIo, hello, reader }
  return () => dialect
}

export const loadResumptions = async (
  name: Subscribing["dialect"]
): Promise<(memory: Memory) => Resumption> => {
  if (name === "weir-json") return weir
  if (name === "socket.io") return socketIoRecovery
  const dialect = await loadDialect(name)
  return () => () => dialect
}
