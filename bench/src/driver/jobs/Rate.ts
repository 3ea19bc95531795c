/**
 * Rate: an open loop: publications at times that are fixed beforehand, whether those
 * before have arrived or not.
 *
 * A delivery's latency counts from when its publication was to be sent, not from when
 * the driver came to it: a system that stops for a second has delayed everything that
 * was due in it.
 */
import type { Process, Publishing, Subscribing } from "../../System.ts"
import { openAudience } from "../Audience.ts"
import { nowMicros } from "../Clock.ts"
import { makeFailing } from "../Failing.ts"
import type { JobKind, RunJob } from "../Job.ts"
import { latencies, type Percentiles, percentilesOf } from "../Latencies.ts"
import { takeNaps } from "../Naps.ts"
import { atPace } from "../Pace.ts"
import { makePayloads, microsAt } from "../Payload.ts"
import { openPublisher } from "../Publishers.ts"
import { untilSilent } from "../Silence.ts"
import { beginUsage, type Usage } from "../Usage.ts"

export interface RateJob extends JobKind {
  readonly kind: "rate"
  readonly subscribing: Subscribing
  readonly publishing: Publishing
  readonly subscribers: number
  /** Every one of them has each publication; subscribers are spread over them. */
  readonly channels: ReadonlyArray<string>
  /** Publications per second in each channel. */
  readonly perSecond: number
  /** So many of them are due at the same time. */
  readonly burst: number
  readonly seconds: number
  readonly warmupSeconds: number
  readonly processes: ReadonlyArray<Process>
  /** See `Naps.ts`; they are part of the latencies. */
  readonly napMs?: number
  readonly localAddresses?: ReadonlyArray<string>
}

export interface RateResult extends Usage {
  readonly publications: number
  readonly deliveries: number
  readonly framesPerRead: number
  readonly lost: number
  readonly misordered: number
  /** Microseconds from when it was due to when it was read, of every delivery. */
  readonly latency: Percentiles
  /** The longest that the driver itself came too late with a publication. */
  readonly lateMicros: number
}

/** So long may it take that anything arrives, once all is sent. */
const silenceMs = 5_000

export const run: RunJob<RateJob, RateResult> = async (job) => {
  const { burst, channels, perSecond, processes, seconds, warmupSeconds } = job
  const histogram = latencies()
  const between = (burst * 1e6) / perSecond
  const warmupBursts = Math.ceil((warmupSeconds * 1e6) / between)
  const allBursts = warmupBursts + Math.ceil((seconds * 1e6) / between)
  const firstMeasured = warmupBursts * burst
  const { failed, onFailure } = makeFailing()
  const audience = await openAudience({
    ...job,
    onClosed: onFailure,
    onPublication: (bytes, at, sequence) => {
      if (sequence >= firstMeasured) {
        histogram.record(Math.max(1, nowMicros() - microsAt(bytes, at)))
      }
    }
  })
  const publisher = await openPublisher(job.publishing, onFailure)

  const endNaps = job.napMs === undefined ? () => {} : takeNaps(job.napMs)
  const measure = async (): Promise<RateResult> => {
    let endUsage = beginUsage(processes)
    let begin = { deliveries: 0, reads: 0 }
    let lateMicros = 0
    await atPace(allBursts, between, (index, due) => {
      if (index === warmupBursts) {
        endUsage = beginUsage(processes)
        begin = { deliveries: audience.received(), reads: audience.reads.count }
      }
      if (index >= warmupBursts) lateMicros = Math.max(lateMicros, nowMicros() - due)
      const payloads = makePayloads(index * burst, Array<number>(burst).fill(due))
      for (const channel of channels) publisher.publish(payloads, channel)
    })
    const published = allBursts * burst
    await untilSilent(() => audience.lost(published) > 0, audience.received, silenceMs)
    const deliveries = audience.received() - begin.deliveries
    return {
      ...endUsage(),
      publications: (published - firstMeasured) * channels.length,
      deliveries,
      framesPerRead: deliveries / (audience.reads.count - begin.reads),
      lost: audience.lost(published),
      misordered: audience.misordered(),
      latency: percentilesOf(histogram),
      lateMicros
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
