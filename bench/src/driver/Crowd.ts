/**
 * Crowd: clients that remember where they were, and come back whenever they lose their
 * connection, unless we have taken it from them.
 *
 * Who is refused, or whose connection ends before it is subscribed, tries again after
 * the wait that Weir's SDK would make, whoever the server is.
 */
import { setTimeout as sleep } from "node:timers/promises"
import { backoffMs } from "@weir/client/Backoff"
import type { Subscribing } from "../System.ts"
import { nowMicros } from "./Clock.ts"
import { latencies, type Percentiles, percentilesOf } from "./Latencies.ts"
import { isPayload, sequenceAt } from "./Payload.ts"
import { openSocket, type RawSocket, SharedReads } from "./RawSocket.ts"
import { loadResumptions, type Memory, usualBackoff } from "./Resumptions.ts"

export interface CrowdOptions {
  readonly subscribing: Subscribing
  readonly size: number
  /** Clients are spread over them, one channel each. */
  readonly channels: ReadonlyArray<string>
  readonly localAddresses: ReadonlyArray<string>
}

export interface Crowd {
  /** A few at a time; fails if not all are subscribed by then. */
  readonly open: (limitSeconds: number) => Promise<void>
  /** Cuts all connections; nobody comes back by itself. */
  readonly cut: () => void
  /** Cuts all connections; each client comes back by itself, after its wait. */
  readonly drop: () => void
  /** All come back, now. */
  readonly comeBack: () => void
  /** Until all are subscribed; gives how many are not by then. */
  readonly allBack: (limitSeconds: number) => Promise<number>
  /** How many are subscribed. */
  readonly up: () => number
  /** What is tallied of their return begins now. */
  readonly begin: () => void
  /** Publications that were heard. */
  readonly received: () => number
  /** Deliveries that lack still, of so many publications in each channel. */
  readonly lacking: (published: ReadonlyArray<number>) => number
  readonly tally: () => Tally
  readonly close: () => void
}

/** Of all clients together. */
export interface Tally {
  /** Microseconds from when all came back until a subscription stood. */
  readonly back: Percentiles
  /** Handshakes and subscriptions that were refused, or came to nothing, since then. */
  readonly retried: number
  /** Why, each reason once. */
  readonly reasons: ReadonlyArray<string>
  /** Deliveries that were passed over by a later one, and that were heard twice. */
  readonly skipped: number
  readonly doubled: number
  /** Clients that were told that something was left out. */
  readonly unrecovered: number
}

/** What a server says may be long. */
const reasonLength = 120
const calmlyAtOnce = 64
const pollMs = 10

interface Client {
  readonly place: number
  readonly resume: () => void
  socket: RawSocket | undefined
  isUp: boolean
  /** The number of the next publication that it is to hear. */
  next: number
  attempt: number
  wasToldOfLoss: boolean
}

export const makeCrowd = async (options: CrowdOptions): Promise<Crowd> => {
  const { channels, localAddresses, size, subscribing } = options
  const { addresses, token } = subscribing
  const resumptions = await loadResumptions(subscribing.dialect)
  const reads = new SharedReads()
  const positions = channels.map((): Memory["positions"] => [])
  const histogram = latencies()
  const reasons = new Set<string>()
  let up = 0
  let received = 0
  let retried = 0
  let skipped = 0
  let doubled = 0
  let isCutting = false
  let backAt = Number.POSITIVE_INFINITY
  let onUp = () => {}

  const onRetry = (why: string) => {
    retried++
    reasons.add(why.slice(0, reasonLength))
  }
  const hear = (client: Client, bytes: Buffer, at: number) => {
    if (!isPayload(bytes, at)) throw new Error("a publication without its payload")
    const sequence = sequenceAt(bytes, at)
    received++
    if (sequence < client.next) {
      doubled++
      return
    }
    skipped += sequence - client.next
    client.next = sequence + 1
  }
  const ready = (client: Client) => {
    client.attempt = 0
    client.isUp = true
    up++
    if (backAt < nowMicros()) histogram.record(Math.max(1, nowMicros() - backAt))
    onUp()
  }
  const closed = (client: Client, why: string) => {
    if (client.isUp) up--
    client.isUp = false
    if (isCutting) return
    onRetry(why)
    setTimeout(client.resume, backoffMs(client.attempt++, usualBackoff, Math.random()))
  }

  const clientAt = (index: number): Client => {
    const place = index % channels.length
    const lost = () => {
      client.wasToldOfLoss = true
    }
    const nextDialect = resumptions({
      positions: positions[place]!,
      lastHeard: () => client.next - 1,
      onResumed: (recovered) => {
        if (!recovered) lost()
      },
      onGap: lost,
      onRetry
    })
    const resume = () => {
      const where = {
        address: addresses[index % addresses.length]!,
        localAddress: localAddresses[index % localAddresses.length]
      }
      const what = { dialect: nextDialect(), channel: channels[place]!, token }
      client.socket = openSocket(
        reads,
        { ...where, ...what },
        {
          ready: () => ready(client),
          publication: (bytes, at) => hear(client, bytes, at),
          closed: (why) => closed(client, why)
        }
      )
    }
    const client: Client = {
      ...{ place, resume, next: 0, attempt: 0, isUp: false, wasToldOfLoss: false },
      socket: undefined
    }
    return client
  }
  const clients = Array.from({ length: size }, (_, index) => clientAt(index))

  const close = () => {
    isCutting = true
    for (const { socket } of clients) socket?.close()
    isCutting = false
  }

  const begin = () => {
    retried = 0
    reasons.clear()
    backAt = nowMicros()
  }

  return {
    open: async (limitSeconds) => {
      const all = Promise.withResolvers<void>()
      let started = 0
      onUp = () => {
        if (started < size) clients[started++]!.resume()
        else if (up === size) all.resolve()
      }
      while (started < Math.min(calmlyAtOnce, size)) clients[started++]!.resume()
      await Promise.race([all.promise, sleep(limitSeconds * 1000)])
      onUp = () => {}
      if (up === size) return
      throw new Error(`only ${up} of ${size} could connect (${[...reasons].join("; ")})`)
    },
    cut: close,
    drop: () => {
      for (const { socket } of clients) socket?.close()
    },
    begin,
    up: () => up,
    comeBack: () => {
      begin()
      for (const { resume } of clients) resume()
    },
    allBack: async (limitSeconds) => {
      const end = nowMicros() + limitSeconds * 1e6
      while (up < size && nowMicros() < end) await sleep(pollMs)
      return size - up
    },
    received: () => received,
    lacking: (published) => clients.reduce((sum, it) => sum + published[it.place]! - it.next, 0),
    tally: () => ({
      back: percentilesOf(histogram),
      ...{ retried, reasons: [...reasons], skipped, doubled },
      unrecovered: clients.filter(({ wasToldOfLoss }) => wasToldOfLoss).length
    }),
    close
  }
}
