/**
 * Comeback: all clients lose their connections, and each of them comes back by itself, as with the
 * SDK. Somebody else publishes meanwhile.
 *
 * Says `calm` once all are subscribed. Told `drop` next, it cuts the connections; told anything
 * else, somebody else does. It samples how many are subscribed until all are again, says `back`,
 * and is told then how many publications there were in each channel.
 */
import { setTimeout as sleep } from "node:timers/promises"
import type { Subscribing } from "../../System.ts"
import { nowMicros } from "../Clock.ts"
import { makeCrowd, type Tally } from "../Crowd.ts"
import type { JobContext, JobKind, RunJob } from "../Job.ts"
import { untilSilent } from "../Silence.ts"

export interface ComebackJob extends JobKind {
  readonly kind: "comeback"
  readonly subscribing: Subscribing
  readonly connections: number
  readonly channels: ReadonlyArray<string>
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
}

const sampleMs = 100

export const run: RunJob<ComebackJob, ComebackResult> = async (
  job: ComebackJob,
  { emit, nextLine }: JobContext
) => {
  const { connections, limitSeconds } = job
  const crowd = await makeCrowd({ ...job, size: connections })
  await crowd.open(limitSeconds)
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

  const published: ReadonlyArray<number> = JSON.parse(await nextLine())
  const lacking = () => crowd.lacking(published)
  await untilSilent(() => lacking() > 0, crowd.received)
  const tally = crowd.tally()
  const missed = tally.skipped + lacking()
  crowd.close()
  return { ...tally, curve, backSeconds, notBack, missed }
}
