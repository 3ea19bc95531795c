/**
 * Unary: how many single `Publish` calls a server answers, so many of them at once.
 *
 * The same client, with the same bytes, for Weir's router and for the bare grpc-js
 * server beside it.
 */
import { setTimeout as sleep } from "node:timers/promises"
import type { Process } from "../../System.ts"
import { nowMicros } from "../Clock.ts"
import type { JobKind, RunJob } from "../Job.ts"
import { latencies, type Percentiles, percentilesOf } from "../Latencies.ts"
import { makePayloads } from "../Payload.ts"
import { encodeRequest, openPublishCalls } from "../PublishApi.ts"
import { beginUsage, type Usage } from "../Usage.ts"

export interface UnaryJob extends JobKind {
  readonly kind: "unary"
  readonly address: string
  readonly key: string
  /** Taken in turn. */
  readonly channels: ReadonlyArray<string>
  readonly concurrency: number
  readonly warmupSeconds: number
  readonly seconds: number
  readonly processes: ReadonlyArray<Process>
}

export interface UnaryResult extends Usage {
  /** Answered within the window. */
  readonly calls: number
  /** Microseconds from the call to its answer. */
  readonly latency: Percentiles
  /** As it came: peers answer with as many bytes. */
  readonly responseBytes: number
}

export const run: RunJob<UnaryJob, UnaryResult> = async (job) => {
  const { address, channels, concurrency, key, processes, seconds, warmupSeconds } = job
  const api = await openPublishCalls(address, key)
  const [data] = makePayloads(0, [0])
  const requests = channels.map((channel) => encodeRequest(channel, data!))
  const histogram = latencies()
  const { promise: failed, reject } = Promise.withResolvers<never>()
  let calls = 0
  let next = 0
  let unanswered = 0
  let responseBytes = 0
  let isStopped = false
  let whenQuiet = () => {}

  const call = () => {
    const begin = nowMicros()
    unanswered++
    api.call(requests[next++ % requests.length]!, (result) => {
      unanswered--
      // One that fails would be cheaper than one that is published.
      if (result instanceof Error) return reject(result)
      calls++
      responseBytes = result.length
      histogram.record(Math.max(1, nowMicros() - begin))
      if (!isStopped) call()
      else if (unanswered === 0) whenQuiet()
    })
  }

  for (let index = 0; index < concurrency; index++) call()
  await Promise.race([sleep(warmupSeconds * 1000), failed])
  histogram.reset()
  const before = calls
  const endUsage = beginUsage(processes)
  await Promise.race([sleep(seconds * 1000), failed])
  const usage = endUsage()
  const answered = calls - before
  const latency = percentilesOf(histogram)
  const quiet = new Promise<void>((resolve) => {
    whenQuiet = resolve
  })
  isStopped = true
  await Promise.race([quiet, failed])
  api.close()
  return { ...usage, calls: answered, latency, responseBytes }
}
