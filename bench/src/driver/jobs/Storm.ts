/**
 * Storm: all connections are cut at one moment, and come back at once, as clients that
 * remember where they were, while publications go on.
 *
 * A client that is refused, or whose connection ends before it is subscribed, tries
 * again after the wait that Weir's SDK would make, whoever the server is.
 */
import { setTimeout as sleep } from "node:timers/promises"
import { backoffMs } from "@weir/client/Backoff"
import type { Process, Publishing, Subscribing } from "../../System.ts"
import { nowMicros } from "../Clock.ts"
import type { JobKind, RunJob } from "../Job.ts"
import { latencies, type Percentiles, percentilesOf } from "../Latencies.ts"
import { isPayload, makePayloads, sequenceAt } from "../Payload.ts"
import { openPublisher } from "../Publishers.ts"
import { openSocket, type RawSocket, SharedReads } from "../RawSocket.ts"
import { loadResumptions, type Memory } from "../Resumptions.ts"
import { beginUsage, type Usage } from "../Usage.ts"

export interface StormJob extends JobKind {
  readonly kind: "storm"
  readonly subscribing: Subscribing
  readonly publishing: Publishing
  readonly connections: number
  /** Connections are spread over them; each publication is in one of them, in turn. */
  readonly channels: ReadonlyArray<string>
  /** Publications per second in all channels together. */
  readonly perSecond: number
  /** Of publications before the cut, and after all are back. */
  readonly calmSeconds: number
  /** Whoever is not back by then is not waited for. */
  readonly limitSeconds: number
  readonly processes: ReadonlyArray<Process>
  readonly localAddresses: ReadonlyArray<string>
}

/** The usage is that from the cut until all are back. */
export interface StormResult extends Usage {
  readonly notBack: number
  /** Microseconds from the cut until a subscription stands again. */
  readonly back: Percentiles
  /** Handshakes that were refused, or came to nothing, and were tried again. */
  readonly retried: number
  /** Why, each reason once. */
  readonly reasons: ReadonlyArray<string>
  /** Deliveries, over all connections: never heard, and heard twice. */
  readonly missed: number
  readonly doubled: number
  /** Connections that were told that something was left out. */
  readonly unrecovered: number
  readonly publications: number
}

/** As the SDK has it by default. */
const backoff = { minMs: 500, maxMs: 20_000 }
const atOnceBefore = 64
const silenceMs = 3_000
const pollMs = 10

interface Client {
  readonly open: () => void
  readonly close: () => void
}

export const run: RunJob<StormJob, StormResult> = async (job) => {
  const { calmSeconds, channels, connections, localAddresses, processes, subscribing } = job
  const { addresses, token } = subscribing
  const resumptions = await loadResumptions(subscribing.dialect)
  const reads = new SharedReads()
  const histogram = latencies()
  const positions = channels.map((): Memory["positions"] => [])
  const published = channels.map(() => 0)
  const next = new Float64Array(connections)
  const reasons = new Set<string>()
  const isUp = new Uint8Array(connections)
  let up = 0
  let retried = 0
  let skipped = 0
  let doubled = 0
  let unrecovered = 0
  let isCutting = false
  let cutAt = 0
  let onUp: (index: number) => void = () => {}

  const publication = (index: number, bytes: Buffer, at: number) => {
    if (!isPayload(bytes, at)) throw new Error("a publication without its payload")
    const sequence = sequenceAt(bytes, at)
    if (sequence < next[index]!) {
      doubled++
      return
    }
    skipped += sequence - next[index]!
    next[index] = sequence + 1
  }

  const clientOf = (index: number): Client => {
    const place = index % channels.length
    let attempt = 0
    let socket: RawSocket | undefined
    let wasTold = false
    const leftOut = () => {
      if (!wasTold) unrecovered++
      wasTold = true
    }
    const resume = resumptions({
      positions: positions[place]!,
      lastHeard: () => next[index]! - 1,
      onResumed: (recovered) => {
        if (!recovered) leftOut()
      },
      onGap: leftOut
    })
    const ready = () => {
      attempt = 0
      isUp[index] = 1
      up++
      if (cutAt > 0) histogram.record(Math.max(1, nowMicros() - cutAt))
      onUp(index)
    }
    const closed = (why: string) => {
      if (isUp[index] === 1) up--
      isUp[index] = 0
      if (isCutting) return
      retried++
      reasons.add(why)
      setTimeout(open, backoffMs(attempt++, backoff, Math.random()))
    }
    const open = () => {
      const options = {
        address: addresses[index % addresses.length]!,
        localAddress: localAddresses[index % localAddresses.length],
        dialect: resume(),
        channel: channels[place]!,
        token
      }
      const heard = (bytes: Buffer, at: number) => publication(index, bytes, at)
      socket = openSocket(reads, options, { ready, publication: heard, closed })
    }
    return { open, close: () => socket?.close() }
  }
  const clients = Array.from({ length: connections }, (_, index) => clientOf(index))

  const openCalmly = async () => {
    const opened = Promise.withResolvers<void>()
    let started = 0
    onUp = () => {
      if (started < connections) clients[started++]!.open()
      else if (up === connections) opened.resolve()
    }
    for (; started < Math.min(atOnceBefore, connections); started++) clients[started]!.open()
    await Promise.race([opened.promise, sleep(job.limitSeconds * 1000)])
    if (up < connections) throw new Error(`only ${up} of ${connections} could connect`)
  }

  const cut = () => {
    isCutting = true
    for (const client of clients) client.close()
    isCutting = false
  }

  const untilAllBack = async () => {
    const end = cutAt + job.limitSeconds * 1e6
    while (up < connections && nowMicros() < end) await sleep(pollMs)
  }

  const missing = () =>
    next.reduce((sum, it, index) => sum + published[index % channels.length]! - it, 0)

  const untilSilent = async () => {
    let before = Number.NaN
    while (missing() > 0 && missing() !== before) {
      before = missing()
      await sleep(silenceMs)
    }
  }

  await openCalmly()
  const publisher = await openPublisher(job.publishing, (why) => {
    throw new Error(why)
  })
  let turn = 0
  const stream = setInterval(() => {
    const place = turn++ % channels.length
    publisher.publish(makePayloads(published[place]!++, [nowMicros()]), channels[place]!)
  }, 1000 / job.perSecond)
  await sleep(calmSeconds * 1000)

  const endUsage = beginUsage(processes)
  retried = 0
  reasons.clear()
  cutAt = nowMicros()
  cut()
  onUp = () => {}
  for (const client of clients) client.open()
  await untilAllBack()
  const usage = endUsage()
  const notBack = connections - up

  await sleep(calmSeconds * 1000)
  clearInterval(stream)
  await untilSilent()
  const result = {
    ...usage,
    notBack,
    back: percentilesOf(histogram),
    ...{ retried, reasons: [...reasons], doubled, unrecovered },
    missed: skipped + missing(),
    publications: published.reduce((sum, it) => sum + it, 0)
  }
  publisher.close()
  isCutting = true
  for (const client of clients) client.close()
  return result
}
