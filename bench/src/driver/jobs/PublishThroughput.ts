/**
 * PublishThroughput: how many publications one router takes through `PublishStream`.
 *
 * Closed loop: each stream keeps a window of messages on their way and sends the next
 * one for each that is answered, so the router is always busy and never overrun. The
 * messages are encoded once. Every answer is read, and each channel's offsets have to
 * follow each other: nothing counts that was refused, lost or stored out of order.
 */
import { setTimeout as sleep } from "node:timers/promises"
import { PublishStreamResponse } from "@weir/proto/api/v1/publish"
import type { Process } from "../../System.ts"
import type { JobKind, RunJob } from "../Job.ts"
import { makePayloads } from "../Payload.ts"
import { encodeBatch, encodeRequest, openPublishApi, type PublishApi } from "../PublishApi.ts"
import { beginUsage, type Usage } from "../Usage.ts"

export interface PublishThroughputJob extends JobKind {
  readonly kind: "publishThroughput"
  readonly address: string
  readonly key: string
  /** Each is on one stream, so its publications have an order. */
  readonly channels: ReadonlyArray<string>
  readonly streams: number
  /** Publications in a message, at most 256. */
  readonly perMessage: number
  /** Messages of a stream that wait for an answer. */
  readonly window: number
  readonly warmupSeconds: number
  readonly seconds: number
  readonly processes: ReadonlyArray<Process>
}

export interface PublishThroughputResult extends Usage {
  /** Answered as published, within the window. */
  readonly publications: number
  /** How often a code refused one, over the whole run. */
  readonly refused: Readonly<Record<string, number>>
  /** Results whose offset was not the next of its channel. */
  readonly misplaced: number
}

const settleLimitMs = 10_000

interface Counts {
  publications: number
  misplaced: number
  readonly refused: Record<string, number>
}

interface Line {
  readonly stop: () => void
  readonly over: Promise<void>
}

const openLine = (
  api: PublishApi,
  channels: ReadonlyArray<string>,
  { perMessage, window }: PublishThroughputJob,
  counts: Counts
): Line => {
  const [data] = makePayloads(0, [0])
  const places = Array.from({ length: perMessage }, (_, index) => index % channels.length)
  const message = encodeBatch(places.map((place) => encodeRequest(channels[place]!, data!)))
  const offsets = new Float64Array(channels.length).fill(Number.NaN)
  const call = api.stream()
  const { promise: over, reject, resolve } = Promise.withResolvers<void>()
  let unanswered = 0
  let isStopped = false

  const send = () => {
    unanswered++
    call.write(message)
  }
  call.on("data", (bytes: Buffer) => {
    const { results } = PublishStreamResponse.decode(bytes)
    if (results.length !== perMessage) return reject(new Error(`${results.length} results`))
    for (let index = 0; index < perMessage; index++) {
      const { result } = results[index]!
      if (result?.$case !== "published") {
        const code = result?.value.code ?? "nothing"
        counts.refused[code] = (counts.refused[code] ?? 0) + 1
        continue
      }
      const place = places[index]!
      const offset = result.value.position!.offset
      // The first answer says where the channel stood.
      if (offset !== offsets[place]! + 1 && !Number.isNaN(offsets[place]!)) counts.misplaced++
      offsets[place] = offset
      counts.publications++
    }
    unanswered--
    if (!isStopped) send()
    else if (unanswered === 0) call.end()
  })
  call.on("error", reject)
  call.on("end", resolve)
  for (let index = 0; index < window; index++) send()
  return {
    over,
    stop: () => {
      isStopped = true
    }
  }
}

export const run: RunJob<PublishThroughputJob, PublishThroughputResult> = async (job) => {
  const { address, channels, key, processes, seconds, streams, warmupSeconds } = job
  const counts: Counts = { publications: 0, misplaced: 0, refused: {} }
  // A connection each, as services have that publish beside each other.
  const apis = await Promise.all(
    Array.from({ length: streams }, () => openPublishApi(address, key))
  )
  const lines = apis.map((api, index) => {
    const own = channels.filter((_, place) => place % streams === index)
    return openLine(api, own, job, counts)
  })
  const failed = Promise.all(lines.map(({ over }) => over)).then(() => {
    throw new Error("the router ended the streams")
  })
  // It is raced below, and lost on purpose once the lines are told to stop.
  failed.catch(() => {})
  await Promise.race([sleep(warmupSeconds * 1000), failed])
  const before = counts.publications
  const endUsage = beginUsage(processes)
  await Promise.race([sleep(seconds * 1000), failed])
  const usage = endUsage()
  const publications = counts.publications - before
  for (const line of lines) line.stop()
  const limit = sleep(settleLimitMs, undefined, { ref: false }).then(() => {
    throw new Error("publications without an answer")
  })
  await Promise.race([Promise.all(lines.map(({ over }) => over)), limit])
  for (const api of apis) api.close()
  return { ...usage, publications, refused: counts.refused, misplaced: counts.misplaced }
}
