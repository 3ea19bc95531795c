/**
 * Spread: an open loop over many channels in turn: at each moment one of them has a
 * publication, as where nobody has agreed on anything.
 *
 * Latencies count from when a publication was due. Says `measured`, and then keeps the
 * connections until it is told anything.
 */
import { setTimeout as sleep } from "node:timers/promises"
import type { Process, Publishing, Subscribing } from "../../System.ts"
import { openAudience } from "../Audience.ts"
import { nowMicros } from "../Clock.ts"
import { makeFailing } from "../Failing.ts"
import type { JobKind, RunJob } from "../Job.ts"
import { latencies, type Percentiles, percentilesOf } from "../Latencies.ts"
import { makePayloads, microsAt } from "../Payload.ts"
import { openPublisher } from "../Publishers.ts"
import { beginUsage, type Usage } from "../Usage.ts"

export interface SpreadJob extends JobKind {
  readonly kind: "spread"
  readonly subscribing: Subscribing
  readonly publishing: Publishing
  readonly subscribers: number
  /** Subscribers are spread over them, one each. */
  readonly channels: ReadonlyArray<string>
  /** Publications per second, all channels together. */
  readonly perSecond: number
  readonly seconds: number
  readonly processes: ReadonlyArray<Process>
  readonly localAddresses: ReadonlyArray<string>
}

export interface SpreadResult extends Usage {
  readonly publications: number
  readonly deliveries: number
  readonly missing: number
  readonly latency: Percentiles
  /** The longest that the driver itself came too late with a publication. */
  readonly lateMicros: number
}

const warmupSeconds = 2
/** Longer than what is on its way needs. */
const settleMs = 2_000

export const run: RunJob<SpreadJob, SpreadResult> = async (job, { emit, nextLine }) => {
  const { channels, perSecond, processes, seconds, subscribers } = job
  const histogram = latencies()
  let measuring = false
  let lateMicros = 0
  const { failed, onFailure } = makeFailing()
  const audience = await openAudience({
    ...job,
    onPublication: (bytes, at) => {
      if (measuring) histogram.record(Math.max(1, nowMicros() - microsAt(bytes, at)))
    }
  })
  const publisher = await openPublisher(job.publishing, onFailure)
  const between = 1e6 / perSecond

  /** Publications number `from` to `to`, each at its time. */
  const publish = async (from: number, to: number) => {
    const start = nowMicros()
    for (let index = from; index < to; index++) {
      const due = Math.floor(start + (index - from) * between)
      while (nowMicros() < due) await sleep(1)
      if (measuring) lateMicros = Math.max(lateMicros, nowMicros() - due)
      const sequence = Math.floor(index / channels.length)
      publisher.publish(makePayloads(sequence, [due]), channels[index % channels.length]!)
    }
  }

  const measure = async (): Promise<SpreadResult> => {
    // Whole rounds: then every channel has the same number of publications.
    const rounds = (forSeconds: number) =>
      Math.max(1, Math.round((forSeconds * perSecond) / channels.length)) * channels.length
    const warmup = rounds(warmupSeconds)
    const publications = rounds(seconds)
    await publish(0, warmup)
    const before = audience.received()
    const endUsage = beginUsage(processes)
    measuring = true
    await publish(warmup, warmup + publications)
    const usage = endUsage()
    const deliveries = audience.received() - before
    await sleep(settleMs)
    const missing = ((warmup + publications) / channels.length) * subscribers - audience.received()
    return {
      ...usage,
      publications,
      deliveries,
      missing,
      latency: percentilesOf(histogram),
      lateMicros
    }
  }
  try {
    const result = await Promise.race([measure(), failed])
    emit({ event: "measured" })
    await nextLine()
    return result
  } finally {
    publisher.close()
    audience.close()
  }
}
