/**
 * Hot: many quiet channels, and one beside them that brings more than all of them together.
 *
 * An open loop: latencies of the quiet ones count from when a publication was due.
 */
import type { Process, Publishing, Subscribing } from "../../System.ts"
import { nowMicros } from "../Clock.ts"
import { payloadBytes } from "../Dialect.ts"
import { makeFailing } from "../Failing.ts"
import type { JobKind, RunJob } from "../Job.ts"
import { latencies, type Percentiles, percentilesOf } from "../Latencies.ts"
import { atPace } from "../Pace.ts"
import { longPayload, microsAt } from "../Payload.ts"
import { openPublisher } from "../Publishers.ts"
import { untilSilent } from "../Silence.ts"
import { becameOf, type SlowOnes } from "../SlowOnes.ts"
import { openSubscribers, Subscriber } from "../Subscriber.ts"
import { beginUsage, type Usage } from "../Usage.ts"

/** A channel beside those that are measured. */
export interface PublishedBeside {
  readonly channel: string
  readonly perSecond: number
  readonly dataBytes: number
}

export interface HotJob extends JobKind {
  readonly kind: "hot"
  readonly subscribing: Subscribing
  readonly publishing: Publishing
  readonly quiet: ReadonlyArray<string>
  /** Of each channel, the hot one too. */
  readonly subscribersEach: number
  /** Publications per second of each quiet channel. */
  readonly perSecond: number
  readonly hot: PublishedBeside | undefined
  readonly warmupSeconds: number
  readonly seconds: number
  readonly processes: ReadonlyArray<Process>
}

export interface HotResult extends Usage {
  /** Of the quiet channels. */
  readonly deliveries: number
  readonly lost: number
  readonly misordered: number
  readonly latency: Percentiles
  readonly lateMicros: number
  readonly hotPublished: number
  readonly hotOnes: SlowOnes
}

const measure = async (job: HotJob, onFailure: (why: string) => void): Promise<HotResult> => {
  const { hot, perSecond, processes, quiet, seconds, subscribersEach, warmupSeconds } = job
  const histogram = latencies()
  const firstMeasured = Math.ceil(warmupSeconds * perSecond)
  const rounds = firstMeasured + Math.ceil(seconds * perSecond)
  const hotAll = hot === undefined ? 0 : Math.ceil((warmupSeconds + seconds) * hot.perSecond)
  const subscribersOf = (channel: string) =>
    Array.from({ length: subscribersEach }, () => new Subscriber(channel))
  const quietOnes = quiet.flatMap(subscribersOf)
  const hotOnes = hot === undefined ? [] : subscribersOf(hot.channel)
  let received = 0
  await openSubscribers(job.subscribing, [...quietOnes, ...hotOnes], (subscriber, bytes, at) => {
    received++
    const sequence = subscriber.hear(bytes, at)
    const isTimed = sequence !== undefined && sequence >= firstMeasured
    if (!isTimed || subscriber.channel === hot?.channel) return
    histogram.record(Math.max(1, nowMicros() - microsAt(bytes, at)))
  })
  // Who publishes to the one is not held up by who publishes to the others.
  const publisher = await openPublisher(job.publishing, onFailure)
  const hotPublisher = await openPublisher(job.publishing, onFailure)

  let endUsage = beginUsage(processes)
  let lateMicros = 0
  const between = 1e6 / (perSecond * quiet.length)
  const quietly = atPace(rounds * quiet.length, between, (turn, due) => {
    const sequence = Math.floor(turn / quiet.length)
    if (turn === firstMeasured * quiet.length) endUsage = beginUsage(processes)
    if (sequence >= firstMeasured) lateMicros = Math.max(lateMicros, nowMicros() - due)
    publisher.publish([longPayload(payloadBytes, sequence, due)], quiet[turn % quiet.length]!)
  })
  const hotly = async () => {
    if (hot === undefined) return
    await atPace(hotAll, 1e6 / hot.perSecond, (sequence, due) =>
      hotPublisher.publish([longPayload(hot.dataBytes, sequence, due)], hot.channel)
    )
  }
  await Promise.all([quietly, hotly()])
  const usage = endUsage()
  const lacks = (some: ReadonlyArray<Subscriber>, all: number) =>
    some.some(({ account, ended }) => account.next < all && ended === undefined)
  await untilSilent(
    () => lacks(quietOnes, rounds) || lacks(hotOnes, hotAll),
    () => received
  )

  const all = becameOf(quietOnes, rounds)
  publisher.close()
  hotPublisher.close()
  const result = {
    ...usage,
    deliveries: histogram.count,
    lost: quietOnes.length * rounds - all.received,
    misordered: all.misordered,
    latency: percentilesOf(histogram),
    lateMicros,
    hotPublished: hotAll,
    hotOnes: becameOf(hotOnes, hotAll)
  }
  for (const { socket } of [...quietOnes, ...hotOnes]) socket!.close()
  return result
}

export const run: RunJob<HotJob, HotResult> = (job) => {
  const { failed, onFailure } = makeFailing()
  return Promise.race([measure(job, onFailure), failed])
}
