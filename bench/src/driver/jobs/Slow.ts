/**
 * Slow: some subscribers stop reading, for as long as is measured, and some read half of what is
 * published; they read on once nothing more is published. All others are to notice nothing.
 *
 * An open loop: latencies count from when a publication was due.
 */
import { scrape } from "../../Metrics.ts"
import { residentBytes, tcpMemory } from "../../ProcStat.ts"
import type { Process, Publishing, Subscribing } from "../../System.ts"
import { nowMicros } from "../Clock.ts"
import { makeFailing } from "../Failing.ts"
import type { JobKind, RunJob } from "../Job.ts"
import { latencies, type Percentiles, percentilesOf } from "../Latencies.ts"
import { atPace } from "../Pace.ts"
import { longPayload, microsAt } from "../Payload.ts"
import { openPublisher } from "../Publishers.ts"
import { untilSilent } from "../Silence.ts"
import { becameOf, type Pace, paceOf, type SlowOnes } from "../SlowOnes.ts"
import { openSubscribers, Subscriber } from "../Subscriber.ts"
import { beginUsage, type Usage } from "../Usage.ts"

export interface SlowJob extends JobKind {
  readonly kind: "slow"
  readonly subscribing: Subscribing
  readonly publishing: Publishing
  readonly subscribers: number
  /** So many of them stop reading, and so many others read slowly. */
  readonly stopped: number
  readonly slow: number
  readonly channel: string
  /** Each publication has one of so many keys, in turn; 0: none has any. */
  readonly keys: number
  readonly perSecond: number
  /** Of each publication's data, at least 128: the kernel's buffers are to be full soon. */
  readonly dataBytes: number
  readonly warmupSeconds: number
  readonly seconds: number
  /** Whose memory is looked at. */
  readonly servers: ReadonlyArray<Process>
  readonly processes: ReadonlyArray<Process>
}

/** Bytes when the slow ones begin to be slow, and the most after that. */
export interface Memory {
  readonly before: number
  readonly most: number
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
  /** Of all servers together. */
  readonly memory: Memory
  /** Of the kernel, for all sockets of the machine. */
  readonly kernel: Memory
  /** What waits in outboxes while the stopped ones still do not read; null: it is not told. */
  readonly outboxes: number | null
  /** Connections that the servers have ended as those of slow consumers; null: it is not told. */
  readonly endedAsSlow: number | null
  readonly stoppedOnes: SlowOnes
  readonly slowOnes: SlowOnes
}

const memoryEveryMs = 500
const readSlowlyEveryMs = 2

const mostOf = (read: () => number) => {
  const before = read()
  let most = before
  return {
    look: () => {
      most = Math.max(most, read())
    },
    soFar: (): Memory => ({ before, most })
  }
}

/** Of Weir alone. */
const sumOfSeries = async (
  servers: ReadonlyArray<Process>,
  series: string
): Promise<number | null> => {
  const values = servers.flatMap(({ ops }) => (ops === undefined ? [] : [scrape(ops, series)]))
  if (values.length === 0) return null
  return (await Promise.all(values)).reduce((sum, it) => sum + it, 0)
}

const measure = async (job: SlowJob, onFailure: (why: string) => void): Promise<SlowResult> => {
  const { channel, dataBytes, keys, perSecond, processes, seconds, servers, warmupSeconds } = job
  const histogram = latencies()
  const between = 1e6 / perSecond
  const firstMeasured = Math.ceil(warmupSeconds * perSecond)
  const all = firstMeasured + Math.ceil(seconds * perSecond)
  const paces = Array.from({ length: job.subscribers }, (_, place) =>
    paceOf(place, job.subscribers, job.slow, job.stopped)
  )
  const subscribers = paces.map(() => new Subscriber(channel, Math.max(1, keys)))
  const those = (pace: Pace) => subscribers.filter((_, place) => paces[place] === pace)
  const [healthy, slow, stopped] = [those("healthy"), those("slow"), those("stopped")]
  const isTimed = new Set(healthy)
  let received = 0
  await openSubscribers(job.subscribing, subscribers, (subscriber, bytes, at) => {
    received++
    const sequence = subscriber.hear(bytes, at)
    if (sequence === undefined || sequence < firstMeasured || !isTimed.has(subscriber)) return
    histogram.record(Math.max(1, nowMicros() - microsAt(bytes, at)))
  })
  const publisher = await openPublisher(job.publishing, onFailure)

  const kernelBytes = tcpMemory()
  const serverBytes = () => servers.reduce((sum, { pid }) => sum + residentBytes(pid), 0)
  let [memory, kernel] = [mostOf(serverBytes), mostOf(kernelBytes)]
  const watch = setInterval(() => {
    memory.look()
    kernel.look()
  }, memoryEveryMs)

  // Each reads one in the time of two, at a moment of its own: people do not read in step.
  let readOnes = 0
  let slowSince = 0
  const readSlowly = () => {
    const owed = ((nowMicros() - slowSince) / (2 * between)) * slow.length
    for (; readOnes < owed; readOnes++) slow[readOnes % slow.length]!.readOne()
  }
  let slowly: NodeJS.Timeout | undefined
  let endUsage = beginUsage(processes)
  let lateMicros = 0
  await atPace(all, between, (sequence, due) => {
    if (sequence === firstMeasured) {
      for (const subscriber of [...slow, ...stopped]) subscriber.stop()
      slowSince = nowMicros()
      slowly = setInterval(readSlowly, readSlowlyEveryMs)
      ;[memory, kernel] = [mostOf(serverBytes), mostOf(kernelBytes)]
      endUsage = beginUsage(processes)
    }
    if (sequence >= firstMeasured) lateMicros = Math.max(lateMicros, nowMicros() - due)
    const key = keys === 0 ? "" : `key-${sequence % keys}`
    publisher.publish([longPayload(dataBytes, sequence, due)], channel, key)
  })
  const usage = endUsage()

  const heardBy = (some: ReadonlyArray<Subscriber>) =>
    untilSilent(
      () => some.some(({ account, ended }) => account.next < all && ended === undefined),
      () => received
    )
  // Those who went on reading are judged before the others come back.
  await heardBy(healthy)
  clearInterval(watch)
  clearInterval(slowly)
  const outboxes = await sumOfSeries(servers, "weir_connector_outbox_depth")
  for (const subscriber of [...slow, ...stopped]) subscriber.readOn()
  await heardBy([...slow, ...stopped])

  const endedAsSlow = await sumOfSeries(servers, 'weir_connector_closes_total{code="3008"}')

  const { closed, misordered, ...others } = becameOf(healthy, all)
  const result = {
    ...usage,
    publications: all - firstMeasured,
    deliveries: histogram.count,
    lost: healthy.length * all - others.received,
    ...{ misordered, closed },
    latency: percentilesOf(histogram),
    ...{ lateMicros, outboxes, endedAsSlow },
    memory: memory.soFar(),
    kernel: kernel.soFar(),
    stoppedOnes: becameOf(stopped, all),
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
