/**
 * PressureWatch: looks how late this process is and what memory it has, says so, and sends some
 * clients away when there is hardly any left.
 */
import { totalmem } from "node:os"
import { createHistogram, performance, type RecordableHistogram } from "node:perf_hooks"
import type { Limits } from "@weir/config/Settings"
import { Effect, Schedule } from "effect"
import { loopLag, memoryShare as memoryShareGauge } from "../ConnectorMetrics.ts"
import type { NodeAdmission } from "../domain/NodeAdmission.ts"
import { Pressure } from "../domain/Pressure.ts"
import type { Session } from "../Session.ts"
import { shedSome } from "../Shedding.ts"

/** A timer that costs nothing, and finds every turn that somebody feels. */
const tickMs = 20

const lookMs = 500

/** What is shown is of so many looks: of 250 ticks, all but the two latest. */
const looksShown = 10

const p99OfMs = (lateMicros: RecordableHistogram): number => {
  const lagMs = lateMicros.count === 0 ? 0 : lateMicros.percentile(99) / 1_000
  lateMicros.reset()
  return lagMs
}

/**
 * How late the loop was since the last time that it was asked, and in those that are shown. Node's
 * own monitor forgets what is late when it is reset.
 */
const lagMeter = Effect.gen(function* () {
  const sinceLook = createHistogram()
  const sinceShown = createHistogram()
  let tickedAt = performance.now()
  const tick = () => {
    const now = performance.now()
    const lateMicros = Math.max(1, Math.round((now - tickedAt - tickMs) * 1_000))
    sinceLook.record(lateMicros)
    sinceShown.record(lateMicros)
    tickedAt = now
  }
  yield* Effect.acquireRelease(
    Effect.sync(() => setInterval(tick, tickMs)),
    (timer) => Effect.sync(() => clearInterval(timer))
  )
  return { takeLag: () => p99OfMs(sinceLook), takeShown: () => p99OfMs(sinceShown) }
})

/** What this process may use, in bytes; undefined: all that there is. */
const memoryOf = ({ memoryBytes }: Limits): number | undefined => {
  if (memoryBytes !== undefined) return memoryBytes
  // Without a bound it is 0, or more than there is.
  const bound = process.constrainedMemory()
  return bound > 0 && bound < totalmem() ? bound : undefined
}

export interface PressureWatchOptions {
  readonly admission: NodeAdmission
  readonly limits: Limits
  readonly sessions: () => ReadonlySet<Session>
}

/** Until the scope closes. */
export const run = Effect.fnUntraced(function* ({
  admission,
  limits,
  sessions
}: PressureWatchOptions) {
  const { takeLag, takeShown } = yield* lagMeter
  const memory = memoryOf(limits)
  const pressure = new Pressure()
  admission.pressure = pressure
  let looks = 0

  const show = (memoryShare: number) => {
    memoryShareGauge.set(memoryShare)
    if (++looks % looksShown === 0) loopLag.set(takeShown() / 1_000)
  }

  const look = Effect.sync(() => {
    const memoryShare = memory === undefined ? 0 : process.memoryUsage.rss() / memory
    pressure.look({ lagMs: takeLag(), memoryShare }, performance.now())
    show(memoryShare)
    return pressure.mustShed ? shedSome(sessions(), Date.now()) : 0
  })
  yield* look.pipe(
    Effect.tap((shed) =>
      shed === 0
        ? Effect.void
        : Effect.logWarning("memory is short; clients are sent away", { shed })
    ),
    Effect.repeat(Schedule.spaced(lookMs)),
    Effect.forkScoped
  )
})
