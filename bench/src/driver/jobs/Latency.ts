/**
 * Latency: publications one by one at a fixed rate to one subscriber, by stream or by
 * unary calls.
 *
 * Open loop: each publication has its time, fixed beforehand, which it carries and from
 * which its latency counts, however late the driver or the system came to it. Timers are
 * true to a millisecond only, several times of what is measured; so the driver never
 * sleeps, and needs a core of its own, or naps for less than that.
 */
import { PublishStreamResponse } from "@weir/proto/api/v1/publish"
import type { Process, Subscribing } from "../../System.ts"
import { openAudience } from "../Audience.ts"
import { nowMicros } from "../Clock.ts"
import { makeFailing } from "../Failing.ts"
import type { JobKind, RunJob } from "../Job.ts"
import { latencies, type Percentiles, percentilesOf } from "../Latencies.ts"
import { takeNaps } from "../Naps.ts"
import { makePayloads, microsAt } from "../Payload.ts"
import { encodeBatch, encodeRequest, openPublishApi, openPublishCalls } from "../PublishApi.ts"
import { beginUsage, type Usage } from "../Usage.ts"

export type Mode = "stream" | "unary"

export interface LatencyJob extends JobKind {
  readonly kind: "latency"
  readonly subscribing: Subscribing
  /** Of the publish API. */
  readonly address: string
  readonly key: string
  readonly mode: Mode
  readonly channel: string
  readonly perSecond: number
  readonly warmupSeconds: number
  readonly seconds: number
  /** How long it naps between its looks; without it, not at all. */
  readonly napMs?: number
  readonly processes: ReadonlyArray<Process>
}

export interface LatencyResult extends Usage {
  readonly publications: number
  /** Not taken, as when too many waited already; the driver does not try again. */
  readonly refused: number
  /** Taken, and never heard. */
  readonly lost: number
  readonly misordered: number
  /** Microseconds from when it was due to when it was read. */
  readonly latency: Percentiles
  /** Microseconds from when it was due to when it was sent: the driver's own part. */
  readonly late: Percentiles
}

interface Sender {
  readonly send: (request: Buffer) => void
  readonly refused: () => number
  readonly unanswered: () => number
  readonly close: () => void
}

/** One message for each publication; every answer is read. */
const openSender = async (
  { address, key, mode }: LatencyJob,
  onFailure: (why: string) => void
): Promise<Sender> => {
  let sent = 0
  let answered = 0
  let refused = 0
  const counts = { refused: () => refused, unanswered: () => sent - answered }
  const onAnswer = (isPublished: boolean) => {
    answered++
    if (!isPublished) refused++
  }
  if (mode === "unary") {
    const { call, close } = await openPublishCalls(address, key)
    const send = (request: Buffer) => {
      sent++
      call(request, (result) => onAnswer(!(result instanceof Error)))
    }
    return { ...counts, send, close }
  }
  const { close, stream } = await openPublishApi(address, key)
  const call = stream()
  call.on("error", ({ message }) => onFailure(message))
  call.on("data", (bytes: Buffer) => {
    for (const { result } of PublishStreamResponse.decode(bytes).results) {
      onAnswer(result?.$case === "published")
    }
  })
  const send = (request: Buffer) => {
    sent++
    call.write(encodeBatch([request]))
  }
  return { ...counts, send, close }
}

/** After the last one was sent. */
const silenceMicros = 5e6

export const run: RunJob<LatencyJob, LatencyResult> = async (job) => {
  const { channel, perSecond, processes, seconds, subscribing, warmupSeconds } = job
  const { failed, onFailure } = makeFailing()
  const endNaps = job.napMs === undefined ? () => {} : takeNaps(job.napMs)

  const latency = latencies()
  const late = latencies()
  const all = Math.ceil(seconds * perSecond)
  let sequence = 0
  let firstMeasured = Number.POSITIVE_INFINITY
  const audience = await openAudience({
    ...{ subscribing, subscribers: 1, channels: [channel], onClosed: onFailure },
    onPublication: (bytes, at, heard) => {
      if (heard >= firstMeasured) latency.record(Math.max(1, nowMicros() - microsAt(bytes, at)))
    }
  })
  const sender = await openSender(job, onFailure)
  const publish = (due: number) =>
    sender.send(encodeRequest(channel, makePayloads(sequence++, [due])[0]!))
  const isQuiet = () =>
    sender.unanswered() === 0 && audience.received() + sender.refused() >= sequence
  /** `turn` until it says that it is over; no timer, and the sockets are read in between. */
  const spin = (turn: (now: number) => boolean): Promise<void> =>
    new Promise((resolve) => {
      const again = () => {
        if (turn(nowMicros())) return resolve()
        setImmediate(again)
      }
      again()
    })

  // One after the other: code that is not compiled yet would be overrun.
  const warm = nowMicros() + warmupSeconds * 1e6
  const warmUp = spin((now) => {
    if (isQuiet() && now < warm) publish(now)
    return isQuiet() ? now >= warm : now > warm + silenceMicros
  })
  await Promise.race([warmUp, failed])

  const between = 1e6 / perSecond
  const begin = nowMicros() + 1_000
  const end = begin + all * between + silenceMicros
  firstMeasured = sequence
  const refusedBefore = sender.refused()
  const endUsage = beginUsage(processes)
  let sent = 0
  const measured = spin((now) => {
    for (; sent < all && begin + sent * between <= now; sent++) {
      const due = Math.floor(begin + sent * between)
      late.record(Math.max(1, nowMicros() - due))
      publish(due)
    }
    return sent === all && (isQuiet() || now > end)
  })
  await Promise.race([measured, failed])
  const result = {
    ...endUsage(),
    publications: all,
    refused: sender.refused() - refusedBefore,
    // Unary calls beside each other have no order: what comes late is not lost.
    lost: sequence - sender.refused() - audience.received(),
    misordered: audience.misordered(),
    latency: percentilesOf(latency),
    late: percentilesOf(late)
  }
  endNaps()
  audience.close()
  sender.close()
  return result
}
