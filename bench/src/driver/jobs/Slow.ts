/**
 * Slow: some subscribers stop reading, for as long as is measured, and read again once
 * nothing more is published; all others are to notice nothing.
 *
 * An open loop: latencies count from when a publication was due.
 */
import { residentBytes } from "../../ProcStat.ts"
import type { Process, Publishing, Subscribing } from "../../System.ts"
import { nowMicros } from "../Clock.ts"
import { payloadBytes } from "../Dialect.ts"
import { loadDialect } from "../Dialects.ts"
import { makeFailing } from "../Failing.ts"
import { hearingGaps } from "../Gaps.ts"
import type { JobKind, RunJob } from "../Job.ts"
import { latencies, type Percentiles, percentilesOf } from "../Latencies.ts"
import { atPace } from "../Pace.ts"
import { microsAt, sequenceAt, writePayload } from "../Payload.ts"
import { openPublisher } from "../Publishers.ts"
import { openSocket, type RawSocket, SharedReads } from "../RawSocket.ts"
import { untilSilent } from "../Silence.ts"
import { beginUsage, type Usage } from "../Usage.ts"

export interface SlowJob extends JobKind {
  readonly kind: "slow"
  readonly subscribing: Subscribing
  readonly publishing: Publishing
  readonly subscribers: number
  /** So many of them stop reading. */
  readonly slow: number
  readonly channel: string
  readonly perSecond: number
  /** Of each publication's data, at least 128: the kernel's buffers are to be full soon. */
  readonly dataBytes: number
  readonly warmupSeconds: number
  readonly seconds: number
  /** Whose memory is looked at. */
  readonly servers: ReadonlyArray<Process>
  readonly processes: ReadonlyArray<Process>
}

/** What became of those that did not read. */
export interface SlowOnes {
  /** They have everything, by now. */
  readonly complete: number
  /** They were told that something was left out. */
  readonly gaps: number
  /** Their connection was ended. */
  readonly closed: number
  /** They lack something, and nobody has said so. */
  readonly silent: number
  /** Why their connections ended, each reason once. */
  readonly reasons: ReadonlyArray<string>
}

export interface SlowResult extends Usage {
  readonly publications: number
  /** Of all that go on reading. */
  readonly deliveries: number
  readonly lost: number
  readonly misordered: number
  readonly closed: number
  readonly latency: Percentiles
  readonly lateMicros: number
  /** Of all servers together: when the slow ones stop, and the most after that. */
  readonly memoryBefore: number
  readonly memoryMost: number
  readonly slowOnes: SlowOnes
}

const quote = 34
const filler = 120
const atOnce = 64
const memoryEveryMs = 500

/** A JSON string whose end is that of a payload: where dialects look for one, it has its digits. */
const longPayload = (size: number, sequence: number, micros: number): Buffer => {
  const bytes = Buffer.alloc(size, filler)
  const at = size - payloadBytes
  writePayload(bytes, at, sequence, micros)
  bytes[at] = filler
  bytes[0] = quote
  return bytes
}

class Subscriber {
  readonly isSlow: boolean
  next = 0
  lost = 0
  misordered = 0
  hasGap = false
  ended: string | undefined
  socket: RawSocket | undefined

  constructor(isSlow: boolean) {
    this.isSlow = isSlow
  }

  /** The number of the publication; undefined if it comes too late. */
  hear(bytes: Buffer, at: number): number | undefined {
    if (bytes[at + payloadBytes - 1] !== quote) throw new Error("a publication without its payload")
    const sequence = sequenceAt(bytes, at)
    if (sequence < this.next) {
      this.misordered++
      return undefined
    }
    this.lost += sequence - this.next
    this.next = sequence + 1
    return sequence
  }
}

type OnPublication = (subscriber: Subscriber, bytes: Buffer, at: number) => void

/** All of them, some at a time; fails when one is refused. */
const openAll = async (
  { channel, subscribing }: SlowJob,
  subscribers: ReadonlyArray<Subscriber>,
  onPublication: OnPublication
): Promise<void> => {
  const { addresses, dialect: name, token } = subscribing
  const dialect = await loadDialect(name)
  const reads = new SharedReads()
  const open = (subscriber: Subscriber, index: number) =>
    new Promise<void>((resolve, reject) => {
      const onGap = () => {
        subscriber.hasGap = true
      }
      const options = {
        address: addresses[index % addresses.length]!,
        dialect: name === "weir-json" ? hearingGaps(dialect, onGap) : dialect,
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

const becameOf = (slow: ReadonlyArray<Subscriber>, published: number): SlowOnes => {
  const isWhole = ({ lost, next }: Subscriber) => lost === 0 && next === published
  const lacking = slow.filter((it) => !isWhole(it))
  const closed = lacking.filter(({ ended }) => ended !== undefined)
  const gaps = lacking.filter(({ ended, hasGap }) => ended === undefined && hasGap)
  return {
    complete: slow.length - lacking.length,
    gaps: gaps.length,
    closed: closed.length,
    silent: lacking.length - closed.length - gaps.length,
    reasons: [...new Set(closed.map(({ ended }) => ended!))]
  }
}

const measure = async (job: SlowJob, onFailure: (why: string) => void): Promise<SlowResult> => {
  const { channel, dataBytes, perSecond, processes, seconds, servers, warmupSeconds } = job
  const histogram = latencies()
  const between = 1e6 / perSecond
  const firstMeasured = Math.ceil(warmupSeconds * perSecond)
  const all = firstMeasured + Math.ceil(seconds * perSecond)
  const subscribers = Array.from(
    { length: job.subscribers },
    (_, index) => new Subscriber(index < job.slow)
  )
  const slow = subscribers.filter(({ isSlow }) => isSlow)
  const healthy = subscribers.filter(({ isSlow }) => !isSlow)
  let received = 0
  await openAll(job, subscribers, (subscriber, bytes, at) => {
    received++
    const sequence = subscriber.hear(bytes, at)
    if (subscriber.isSlow || sequence === undefined || sequence < firstMeasured) return
    histogram.record(Math.max(1, nowMicros() - microsAt(bytes, at)))
  })
  const publisher = await openPublisher(job.publishing, onFailure)

  const memory = () => servers.reduce((sum, { pid }) => sum + residentBytes(pid), 0)
  let memoryBefore = 0
  let memoryMost = 0
  const watch = setInterval(() => {
    memoryMost = Math.max(memoryMost, memory())
  }, memoryEveryMs)

  let endUsage = beginUsage(processes)
  let lateMicros = 0
  await atPace(all, between, (sequence, due) => {
    if (sequence === firstMeasured) {
      for (const { socket } of slow) socket!.pause()
      memoryBefore = memory()
      memoryMost = memoryBefore
      endUsage = beginUsage(processes)
    }
    if (sequence >= firstMeasured) lateMicros = Math.max(lateMicros, nowMicros() - due)
    publisher.publish([longPayload(dataBytes, sequence, due)], channel)
  })
  const usage = endUsage()

  const heardBy = (some: ReadonlyArray<Subscriber>) =>
    untilSilent(
      () => some.some(({ ended, next }) => next < all && ended === undefined),
      () => received
    )
  // Those who went on reading are judged before the others come back.
  await heardBy(healthy)
  clearInterval(watch)
  for (const { ended, socket } of slow) if (ended === undefined) socket!.resume()
  await heardBy(slow)

  const sumOf = (of: (it: Subscriber) => number) => healthy.reduce((sum, it) => sum + of(it), 0)
  const result = {
    ...usage,
    publications: all - firstMeasured,
    deliveries: histogram.count,
    lost: sumOf(({ lost, next }) => lost + all - next),
    misordered: sumOf(({ misordered }) => misordered),
    closed: healthy.filter(({ ended }) => ended !== undefined).length,
    latency: percentilesOf(histogram),
    ...{ lateMicros, memoryBefore, memoryMost },
    slowOnes: becameOf(slow, all)
  }
  publisher.close()
  for (const { socket } of subscribers) socket!.close()
  return result
}

export const run: RunJob<SlowJob, SlowResult> = (job) => {
  const { failed, onFailure } = makeFailing()
  return Promise.race([measure(job, onFailure), failed])
}
