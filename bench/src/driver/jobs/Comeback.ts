/**
 * Comeback: all clients lose their connections, and each of them comes back by itself, as with the
 * SDK. Publications go on.
 *
 * Says `calm` once all are subscribed and publications have begun. Told `drop` next, it cuts the
 * connections; told anything else, somebody else does. It samples how many are subscribed until
 * all are again.
 */
import { setTimeout as sleep } from "node:timers/promises"
import type { Publishing, Subscribing } from "../../System.ts"
import { nowMicros } from "../Clock.ts"
import { makeCrowd, type Tally } from "../Crowd.ts"
import { makeFailing } from "../Failing.ts"
import type { JobContext, JobKind, RunJob } from "../Job.ts"
import { openPublisher } from "../Publishers.ts"
import { untilSilent } from "../Silence.ts"
import { stream } from "../Stream.ts"

export interface ComebackJob extends JobKind {
  readonly kind: "comeback"
  readonly subscribing: Subscribing
  readonly publishing: Publishing
  readonly connections: number
  readonly channels: ReadonlyArray<string>
  readonly perSecond: number
  /** Whoever is not back by then is not waited for. */
  readonly limitSeconds: number
  readonly localAddresses: ReadonlyArray<string>
}

export interface ComebackResult extends Tally {
  /** Seconds since connections were taken, and how many were subscribed. */
  readonly curve: ReadonlyArray<readonly [number, number]>
  readonly backSeconds: number
  readonly notBack: number
  readonly missed: number
  readonly publications: number
}

const sampleMs = 100
/** After all are back, until publications end. */
const calmSeconds = 2

const comeback = async (
  job: ComebackJob,
  { emit, nextLine }: JobContext,
  onFailure: (why: string) => void
): Promise<ComebackResult> => {
  const { channels, connections, limitSeconds } = job
  const crowd = await makeCrowd({ ...job, size: connections })
  await crowd.open(limitSeconds)
  const publisher = await openPublisher(job.publishing, onFailure)
  const endStream = stream(publisher, channels, job.perSecond)
  emit({ event: "calm" })
  const how = await nextLine()

  const begin = nowMicros()
  crowd.begin()
  const seconds = () => (nowMicros() - begin) / 1e6
  const curve: Array<readonly [number, number]> = []
  const sample = () => curve.push([seconds(), crowd.up()])
  sample()
  const sampling = setInterval(sample, sampleMs)
  if (how === "drop") crowd.drop()
  while (crowd.up() === connections && seconds() < limitSeconds) await sleep(1)
  const notBack = await crowd.allBack(limitSeconds)
  const backSeconds = seconds()
  clearInterval(sampling)
  sample()
  emit({ event: "back" })

  await sleep(calmSeconds * 1000)
  const published = endStream()
  const lacking = () => crowd.lacking(published)
  await untilSilent(() => lacking() > 0, crowd.received)
  const tally = crowd.tally()
  const missed = tally.skipped + lacking()
  publisher.close()
  crowd.close()
  const publications = published.reduce((sum, it) => sum + it, 0)
  return { ...tally, curve, backSeconds, notBack, missed, publications }
}

export const run: RunJob<ComebackJob, ComebackResult> = (job, context) => {
  const { failed, onFailure } = makeFailing()
  return Promise.race([comeback(job, context, onFailure), failed])
}
