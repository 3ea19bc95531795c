/**
 * Hold: opens connections and keeps them, answering what the server asks.
 *
 * Says `holding` once all stand, so that the scenario can look at the server; then
 * waits so many seconds, or until it is told anything.
 */
import { setTimeout as sleep } from "node:timers/promises"
import type { Process, Subscribing } from "../../System.ts"
import { openAudience } from "../Audience.ts"
import { nowMicros } from "../Clock.ts"
import type { JobKind, RunJob } from "../Job.ts"
import { beginUsage, type Usage } from "../Usage.ts"

export interface HoldJob extends JobKind {
  readonly kind: "hold"
  readonly subscribing: Subscribing
  readonly connections: number
  readonly channels: ReadonlyArray<string>
  readonly seconds: number
  readonly processes: ReadonlyArray<Process>
  /** Addresses to connect from: one has about 28,000 ports for one server. */
  readonly localAddresses?: ReadonlyArray<string>
  /** Handshakes on their way at once. */
  readonly atOnce?: number
}

export interface HoldResult extends Usage {
  readonly connections: number
  /** How long it took to open them. */
  readonly openSeconds: number
  /** Connections that ended though nobody wanted it: 0, if all heartbeats are met. */
  readonly closed: number
  /** Whatever was read meanwhile: heartbeats. */
  readonly reads: number
}

export const run: RunJob<HoldJob, HoldResult> = async (job, { emit, nextLine }) => {
  const { connections, processes, seconds } = job
  const begin = nowMicros()
  const audience = await openAudience({
    ...job,
    subscribers: connections,
    onPublication: () => {}
  })
  const openSeconds = (nowMicros() - begin) / 1e6
  emit({ event: "holding", connections, openSeconds })
  const endUsage = beginUsage(processes)
  const { count } = audience.reads
  await Promise.race([sleep(seconds * 1000), nextLine()])
  const result = {
    ...endUsage(),
    connections,
    openSeconds,
    closed: audience.closed(),
    reads: audience.reads.count - count
  }
  audience.close()
  return result
}
