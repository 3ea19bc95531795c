/**
 * Audience: all subscribers of a run, and what they have missed.
 *
 * Publications are numbered from 0 in each channel, so every connection knows by
 * itself whether what it hears is the next one.
 */
import type { Subscribing } from "../System.ts"
import { loadDialect } from "./Dialects.ts"
import { isPayload, sequenceAt } from "./Payload.ts"
import { openSocket, type RawSocket, SharedReads } from "./RawSocket.ts"

export interface AudienceOptions {
  readonly subscribing: Subscribing
  readonly subscribers: number
  /** Subscribers are spread over them, one channel each. */
  readonly channels: ReadonlyArray<string>
  readonly localAddresses?: ReadonlyArray<string>
  /** Handshakes on their way at once. */
  readonly atOnce?: number
  /** Told of each publication that was the next one, or after a gap. */
  readonly onPublication: (bytes: Buffer, at: number, sequence: number) => void
  /** Told of each connection that ends by itself before we close it. */
  readonly onClosed?: (why: string) => void
}

export interface Audience {
  readonly sockets: ReadonlyArray<RawSocket>
  readonly reads: SharedReads
  /** Whole publications that were heard, wherever in the order. */
  readonly received: () => number
  /** Passed over by a later one; and what is still missing of `published` in each channel. */
  readonly lost: (published: number) => number
  /** Heard after a later one, or twice. */
  readonly misordered: () => number
  /** Connections that ended by themselves. */
  readonly closed: () => number
  readonly close: () => void
}

const usuallyAtOnce = 64

/** Opens them all; fails when one is refused or ends before it stands. */
export const openAudience = async (options: AudienceOptions): Promise<Audience> => {
  const { channels, localAddresses, onPublication, subscribers, subscribing } = options
  const { addresses, token } = subscribing
  const dialect = await loadDialect(subscribing.dialect)
  const reads = new SharedReads()
  const sockets: Array<RawSocket> = []
  const next = new Float64Array(subscribers)
  let received = 0
  let skipped = 0
  let misordered = 0
  let closed = 0
  let isClosing = false

  const opened = (index: number): Promise<void> =>
    new Promise((resolve, reject) => {
      const publication = (bytes: Buffer, at: number) => {
        if (!isPayload(bytes, at)) throw new Error("a publication without its payload")
        const sequence = sequenceAt(bytes, at)
        const expected = next[index]!
        received++
        if (sequence < expected) {
          misordered++
          return
        }
        skipped += sequence - expected
        next[index] = sequence + 1
        onPublication(bytes, at, sequence)
      }
      const onClosed = (why: string) => {
        if (isClosing) return
        closed++
        const what = `subscriber ${index}: ${why}`
        reject(new Error(what))
        options.onClosed?.(what)
      }
      const channel = channels[index % channels.length]!
      const address = addresses[index % addresses.length]!
      const localAddress = localAddresses?.[index % localAddresses.length]
      const events = { ready: resolve, publication, closed: onClosed }
      sockets.push(openSocket(reads, { address, localAddress, dialect, channel, token }, events))
    })

  let started = 0
  const openSome = async () => {
    while (started < subscribers) await opened(started++)
  }
  const lines = Math.min(options.atOnce ?? usuallyAtOnce, subscribers)
  await Promise.all(Array.from({ length: lines }, openSome))
  return {
    sockets,
    reads,
    received: () => received,
    lost: (published) => next.reduce((sum, it) => sum + published - it, skipped),
    misordered: () => misordered,
    closed: () => closed,
    close: () => {
      isClosing = true
      for (const socket of sockets) socket.close()
    }
  }
}
