/**
 * Storm: all connections are cut at one moment, and a while later all come back at
 * one moment. Publications go on.
 */
import { setTimeout as sleep } from "node:timers/promises"
import type { Process, Publishing, Subscribing } from "../../System.ts"
import { nowMicros } from "../Clock.ts"
import { makeCrowd, type Tally } from "../Crowd.ts"
import { makeFailing } from "../Failing.ts"
import type { JobKind, RunJob } from "../Job.ts"
import { openPublisher } from "../Publishers.ts"
import { untilSilent } from "../Silence.ts"
import { stream } from "../Stream.ts"
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
  /** From the cut until they come back. */
  readonly awaySeconds: number
  /** Whoever is not back by then is not waited for. */
  readonly limitSeconds: number
  readonly processes: ReadonlyArray<Process>
  readonly localAddresses: ReadonlyArray<string>
}

/** The usage is that from the cut until all are back. */
export interface StormResult extends Usage, Tally {
  /** From when they come back until all are subscribed. */
  readonly backSeconds: number
  readonly notBack: number
  /** Deliveries that were never heard, over all connections. */
  readonly missed: number
  readonly publications: number
}

const storm = async (job: StormJob, onFailure: (why: string) => void): Promise<StormResult> => {
  const { awaySeconds, calmSeconds, channels, connections, limitSeconds } = job
  const crowd = await makeCrowd({ ...job, size: connections })
  await crowd.open(limitSeconds)
  const publisher = await openPublisher(job.publishing, onFailure)
  const endStream = stream(publisher, channels, job.perSecond)
  await sleep(calmSeconds * 1000)

  const endUsage = beginUsage(job.processes)
  crowd.cut()
  await sleep(awaySeconds * 1000)
  const begin = nowMicros()
  crowd.comeBack()
  const notBack = await crowd.allBack(limitSeconds)
  const backSeconds = (nowMicros() - begin) / 1e6
  const usage = endUsage()

  await sleep(calmSeconds * 1000)
  const published = endStream()
  const lacking = () => crowd.lacking(published)
  await untilSilent(() => lacking() > 0, crowd.received)
  const tally = crowd.tally()
  const missed = tally.skipped + lacking()
  publisher.close()
  crowd.close()
  const publications = published.reduce((sum, it) => sum + it, 0)
  return { ...usage, ...tally, backSeconds, notBack, missed, publications }
}

export const run: RunJob<StormJob, StormResult> = (job) => {
  const { failed, onFailure } = makeFailing()
  return Promise.race([storm(job, onFailure), failed])
}
