/**
 * Subscriber: a client of a run in which not everybody reads at once: how much it may read, and
 * its account.
 */
import type { Subscribing } from "../System.ts"
import { Account } from "./Account.ts"
import { payloadBytes } from "./Dialect.ts"
import { loadDialect } from "./Dialects.ts"
import { hearingGaps } from "./Gaps.ts"
import { isPayloadEnd, sequenceAt } from "./Payload.ts"
import { openSocket, type RawSocket, SharedReads } from "./RawSocket.ts"

export class Subscriber {
  readonly channel: string
  readonly account = new Account()
  /** The last that was given of each key, where publications have so many in turn. */
  readonly lastOfKey: Float64Array
  /** Why its connection is over. */
  ended: string | undefined
  socket: RawSocket | undefined
  #mayRead = Number.POSITIVE_INFINITY

  constructor(channel: string, keys = 1) {
    this.channel = channel
    this.lastOfKey = new Float64Array(keys).fill(-1)
  }

  /** The number of the publication; undefined if it comes too late. */
  hear(bytes: Buffer, at: number): number | undefined {
    if (!isPayloadEnd(bytes, at + payloadBytes))
      throw new Error("a publication without its payload")
    const sequence = sequenceAt(bytes, at)
    this.#mayRead--
    if (this.#mayRead <= 0) this.socket!.pause()
    if (!this.account.give(sequence)) return undefined
    this.lastOfKey[sequence % this.lastOfKey.length] = sequence
    return sequence
  }

  stop(): void {
    this.#mayRead = 0
    this.socket!.pause()
  }

  /**
   * It may read one more. One read may bring more than one: then as many turns pass until it
   * reads again.
   */
  readOne(): void {
    this.#mayRead++
    if (this.#mayRead > 0 && this.ended === undefined) this.socket!.resume()
  }

  readOn(): void {
    this.#mayRead = Number.POSITIVE_INFINITY
    if (this.ended === undefined) this.socket!.resume()
  }
}

const atOnce = 64

/** All of them, some at a time; fails when one is refused. */
export const openSubscribers = async (
  { addresses, dialect: name, token }: Subscribing,
  subscribers: ReadonlyArray<Subscriber>,
  onPublication: (subscriber: Subscriber, bytes: Buffer, at: number) => void
): Promise<void> => {
  const dialect = await loadDialect(name)
  const reads = new SharedReads()
  const open = (subscriber: Subscriber, index: number) =>
    new Promise<void>((resolve, reject) => {
      const { account, channel } = subscriber
      const options = {
        address: addresses[index % addresses.length]!,
        dialect:
          name === "weir-json" ? hearingGaps(dialect, (range) => account.tell(range)) : dialect,
        ...{ channel, token }
      }
      const closed = (why: string) => {
        subscriber.ended = why
        reject(new Error(`subscriber ${index}: ${why}`))
      }
      const publication = (bytes: Buffer, at: number) => onPublication(subscriber, bytes, at)
      subscriber.socket = openSocket(reads, options, { ready: resolve, publication, closed })
    })
  let started = 0
  const openSome = async () => {
    while (started < subscribers.length) {
      const index = started++
      await open(subscribers[index]!, index)
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, subscribers.length) }, openSome))
}
