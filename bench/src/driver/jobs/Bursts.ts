/**
 * Bursts: a closed loop: a burst is published in one go, and the next one when every
 * subscriber has all of it.
 *
 * So no system is ever given more than it can carry, none has a queue, and each has
 * exactly as many publications in a turn as the job says: what is measured is the
 * cost of carrying them.
 */
import type { Process, Publishing, Subscribing } from "../../System.ts"
import { openAudience } from "../Audience.ts"
import { nowMicros } from "../Clock.ts"
import { makeFailing } from "../Failing.ts"
import type { JobKind, RunJob } from "../Job.ts"
import { takeNaps } from "../Naps.ts"
import { makePayloads } from "../Payload.ts"
import { openPublisher } from "../Publishers.ts"
import { beginUsage, type Usage } from "../Usage.ts"

export interface BurstsJob extends JobKind {
  readonly kind: "bursts"
  readonly subscribing: Subscribing
  readonly publishing: Publishing
  readonly subscribers: number
  /** Each burst goes to every one of them; subscribers are spread over them. */
  readonly channels: ReadonlyArray<string>
  /** Publications of a burst in each channel. */
  readonly perBurst: number
  readonly seconds: number
  readonly warmupSeconds: number
  /** Whose CPU time is taken. */
  readonly processes: ReadonlyArray<Process>
  readonly localAddresses?: ReadonlyArray<string>
}

export interface BurstsResult extends Usage {
  readonly bursts: number
  readonly publications: number
  readonly deliveries: number
  /** How many publications one read of a subscriber brought: what a write has carried. */
  readonly framesPerRead: number
  readonly bytesPerDelivery: number
  readonly lost: number
  readonly misordered: number
}

/** Long enough that a burst is read in a few turns, short beside what it takes to write it. */
const napMs = 2

/** Nobody needs that long for one burst: what is not there by then is lost. */
const burstLimitMs = 10_000

export const run: RunJob<BurstsJob, BurstsResult> = async (job) => {
  const { channels, perBurst, processes, seconds, subscribers, warmupSeconds } = job
  const perRound = subscribers * perBurst
  let outstanding = 0
  let sequence = 0
  let endBurst: () => void = () => {}
  const { failed, onFailure } = makeFailing()
  const audience = await openAudience({
    ...job,
    onClosed: onFailure,
    onPublication: () => {
      if (--outstanding === 0) endBurst()
    }
  })
  const publisher = await openPublisher(job.publishing, onFailure)

  const burst = () => {
    const now = nowMicros()
    const payloads = makePayloads(sequence, Array<number>(perBurst).fill(now))
    sequence += perBurst
    outstanding = perRound
    for (const channel of channels) publisher.publish(payloads, channel)
  }

  /** Bursts for so long; gives how many, and stops at one that does not arrive. */
  const bursts = (seconds: number): Promise<number> =>
    new Promise((resolve) => {
      const end = nowMicros() + seconds * 1e6
      let count = 0
      let seen = -1
      const watch = setInterval(() => {
        if (count !== seen) {
          seen = count
          return
        }
        clearInterval(watch)
        resolve(count)
      }, burstLimitMs)
      endBurst = () => {
        count++
        if (nowMicros() < end) return burst()
        clearInterval(watch)
        resolve(count)
      }
      burst()
    })

  const endNaps = takeNaps(napMs)
  const measure = async (): Promise<BurstsResult> => {
    await bursts(warmupSeconds)
    const endUsage = beginUsage(processes)
    const { bytes, count } = audience.reads
    const before = audience.received()
    const rounds = outstanding > 0 ? 0 : await bursts(seconds)
    const usage = endUsage()
    const deliveries = audience.received() - before
    return {
      ...usage,
      bursts: rounds,
      publications: rounds * perBurst * channels.length,
      deliveries,
      framesPerRead: deliveries / (audience.reads.count - count),
      bytesPerDelivery: (audience.reads.bytes - bytes) / deliveries,
      lost: audience.lost(sequence),
      misordered: audience.misordered()
    }
  }
  try {
    return await Promise.race([measure(), failed])
  } finally {
    endNaps()
    publisher.close()
    audience.close()
  }
}
