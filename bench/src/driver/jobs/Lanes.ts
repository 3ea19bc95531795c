/**
 * Lanes: a client of the mesh with several lanes to one router, as a connector has them, of
 * which it leaves one unread while its channel is published to. The others are to notice nothing.
 *
 * The channel of the unread one is `busy`, in both runs of a pair: they differ in nothing but
 * the reading.
 */
import type { Gap } from "@weir/proto/client/v1/client"
import { decodePublication } from "@weir/wire/Publications"
import type { Process, Publishing } from "../../System.ts"
import { Account } from "../Account.ts"
import { nowMicros } from "../Clock.ts"
import { payloadBytes } from "../Dialect.ts"
import { makeFailing } from "../Failing.ts"
import type { JobKind, RunJob } from "../Job.ts"
import { latencies, type Percentiles, percentilesOf } from "../Latencies.ts"
import { openMeshLane } from "../MeshLane.ts"
import { atPace } from "../Pace.ts"
import { longPayload, microsAt, sequenceAt } from "../Payload.ts"
import { openPublisher } from "../Publishers.ts"
import { untilSilent } from "../Silence.ts"
import { beginUsage, type Usage } from "../Usage.ts"
import type { PublishedBeside } from "./Hot.ts"

export interface LanesJob extends JobKind {
  readonly kind: "lanes"
  /** Of a router: its mesh, and its publish API. */
  readonly mesh: string
  readonly publishing: Publishing
  /** Channels of each lane that is read. */
  readonly lanes: ReadonlyArray<ReadonlyArray<string>>
  /** Publications per second of each of these channels. */
  readonly perSecond: number
  /** On a lane of its own. */
  readonly busy: PublishedBeside
  /** Its lane is not read while it is measured. */
  readonly stalls: boolean
  readonly warmupSeconds: number
  readonly seconds: number
  readonly processes: ReadonlyArray<Process>
}

export interface LanesResult extends Usage {
  /** Of the lanes that are read. */
  readonly deliveries: number
  readonly lost: number
  readonly misordered: number
  readonly latency: Percentiles
  readonly lateMicros: number
  /** What the busy lane was sent since it stalled, on the credit that there was; null: it did not. */
  readonly stalledBytes: number | null
  readonly busyPublished: number
  /** In the end, when it has been read again. */
  readonly busyReceived: number
  readonly busyTold: number
  readonly busyUnaccounted: number
  readonly busyMisordered: number
}

/** What was sent before is there by then. */
const quietMs = 500

const measure = async (job: LanesJob, onFailure: (why: string) => void): Promise<LanesResult> => {
  const { busy, mesh, perSecond, processes, seconds, stalls, warmupSeconds } = job
  const histogram = latencies()
  const accounts = new Map(
    [...job.lanes.flat(), busy.channel].map((channel) => [channel, new Account()])
  )
  const busyAccount = accounts.get(busy.channel)!
  const countOf = (rate: number, forSeconds: number) => Math.ceil(forSeconds * rate)
  const firstMeasured = countOf(perSecond, warmupSeconds)
  const rounds = firstMeasured + countOf(perSecond, seconds)
  const busyAll = countOf(busy.perSecond, warmupSeconds + seconds)
  let received = 0

  const onPublication = (encoded: Uint8Array) => {
    received++
    const { channel, data } = decodePublication(encoded).publication
    const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength)
    const at = bytes.length - payloadBytes
    const sequence = sequenceAt(bytes, at)
    const isNext = accounts.get(channel)!.give(sequence)
    if (!isNext || channel === busy.channel || sequence < firstMeasured) return
    histogram.record(Math.max(1, nowMicros() - microsAt(bytes, at)))
  }
  const onGap = ({ channel, from, to }: Gap) =>
    accounts.get(channel)!.tell(from === undefined || to === undefined ? undefined : { from, to })
  const open = (channels: ReadonlyArray<string>, index: number) =>
    openMeshLane({ address: mesh, index, channels, onPublication, onGap, onFailure })
  const lanes = await Promise.all(job.lanes.map(open))
  const busyLane = await open([busy.channel], job.lanes.length)
  // Who publishes to the one is not held up by who publishes to the others.
  const publisher = await openPublisher(job.publishing, onFailure)
  const busyPublisher = await openPublisher(job.publishing, onFailure)

  let endUsage = beginUsage(processes)
  let lateMicros = 0
  let bytesBefore = 0
  const channels = job.lanes.flat()
  const publishing = atPace(
    rounds * channels.length,
    1e6 / (perSecond * channels.length),
    (turn, due) => {
      const sequence = Math.floor(turn / channels.length)
      if (turn === firstMeasured * channels.length) {
        if (stalls) busyLane.stall()
        bytesBefore = busyLane.bytes()
        endUsage = beginUsage(processes)
      }
      if (sequence >= firstMeasured) lateMicros = Math.max(lateMicros, nowMicros() - due)
      const payload = longPayload(payloadBytes, sequence, due)
      publisher.publish([payload], channels[turn % channels.length]!)
    }
  )
  const busily = atPace(busyAll, 1e6 / busy.perSecond, (sequence, due) =>
    busyPublisher.publish([longPayload(busy.dataBytes, sequence, due)], busy.channel)
  )
  await Promise.all([publishing, busily])
  const usage = endUsage()

  const lacks = (some: ReadonlyArray<string>, all: number) => () =>
    some.some((channel) => accounts.get(channel)!.next < all)
  await untilSilent(lacks(channels, rounds), () => received)
  // No more than its credit comes, however long it is read.
  busyLane.read()
  if (stalls) {
    await untilSilent(
      () => true,
      () => received,
      quietMs
    )
  }
  const stalledBytes = stalls ? busyLane.bytes() - bytesBefore : null
  busyLane.goOn()
  await untilSilent(lacks([busy.channel], busyAll), () => received)

  const sumOf = (of: (account: Account) => number) =>
    channels.reduce((sum, channel) => sum + of(accounts.get(channel)!), 0)
  for (const lane of [...lanes, busyLane]) lane.close()
  publisher.close()
  busyPublisher.close()
  return {
    ...usage,
    deliveries: histogram.count,
    lost: sumOf((account) => rounds - account.received),
    misordered: sumOf(({ misordered }) => misordered),
    latency: percentilesOf(histogram),
    ...{ lateMicros, stalledBytes },
    busyPublished: busyAll,
    busyReceived: busyAccount.received,
    busyTold: busyAccount.told,
    busyUnaccounted: busyAccount.unaccounted(busyAll),
    busyMisordered: busyAccount.misordered
  }
}

export const run: RunJob<LanesJob, LanesResult> = (job) => {
  const { failed, onFailure } = makeFailing()
  return Promise.race([measure(job, onFailure), failed])
}
