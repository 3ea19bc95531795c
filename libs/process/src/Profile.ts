/**
 * Profile: where this process spends its time or its memory, as files that the
 * developer tools of Chromium and VS Code open.
 *
 * With a kind, a profile runs from the start. SIGUSR2 ends it and writes its file, and
 * the next SIGUSR2 begins another, so that a process can be looked at while it serves,
 * also one that was started without. What runs at the end is written then. A file that
 * cannot be written is logged, and nothing else suffers.
 */
import { writeFile } from "node:fs/promises"
import { Session } from "node:inspector/promises"
import { join, resolve } from "node:path"
import type { ProfileKind, Settings } from "@weir/config/Settings"
import { Effect, FiberSet, Layer, Semaphore } from "effect"

interface Profiler {
  readonly extension: string
  readonly start: (session: Session) => Promise<unknown>
  readonly stop: (session: Session) => Promise<{ readonly profile: object }>
}

const sampledHeap = (withGarbage: boolean): Profiler => ({
  extension: "heapprofile",
  start: (session) =>
    session.post("HeapProfiler.startSampling", {
      includeObjectsCollectedByMajorGC: withGarbage,
      includeObjectsCollectedByMinorGC: withGarbage
    }),
  stop: (session) => session.post("HeapProfiler.stopSampling")
})

const profilers: Readonly<Record<ProfileKind, Profiler>> = {
  cpu: {
    extension: "cpuprofile",
    start: async (session) => {
      await session.post("Profiler.enable")
      await session.post("Profiler.start")
    },
    stop: (session) => session.post("Profiler.stop")
  },
  heap: sampledHeap(false),
  allocations: sampledHeap(true)
}

/** `router-1-2026-11-23T09-30-12-345Z.cpuprofile`: no colons, which Windows refuses. */
const fileName = (node: string, began: Date, extension: string): string =>
  `${node}-${began.toISOString().replace(/[:.]/g, "-")}.${extension}`

export const layer = ({
  node,
  profile,
  profileDirectory
}: Pick<Settings, "node" | "profile" | "profileDirectory">): Layer.Layer<never> => {
  const { extension, start, stop } = profilers[profile ?? "cpu"]
  /** There while a profile runs: an open session costs, even when it is idle. */
  let running: { readonly session: Session; readonly began: Date } | undefined

  const begin = Effect.promise(async () => {
    const session = new Session()
    session.connect()
    await start(session)
    running = { session, began: new Date() }
  })

  const end = Effect.gen(function* () {
    const { began, session } = running!
    running = undefined
    const ended = yield* Effect.promise(() => stop(session))
    session.disconnect()
    const path = resolve(join(profileDirectory, fileName(node, began, extension)))
    yield* Effect.tryPromise(() => writeFile(path, JSON.stringify(ended.profile))).pipe(
      Effect.matchEffect({
        onSuccess: () => Effect.logInfo("profile written", { path }),
        onFailure: ({ cause }) => Effect.logError("profile not written", { why: String(cause) })
      })
    )
  })

  return Layer.effectDiscard(
    Effect.gen(function* () {
      // One step at a time: a second signal, or the end, can come while a file is written.
      const { withPermit } = yield* Semaphore.make(1)
      const toggle = withPermit(Effect.suspend(() => (running === undefined ? begin : end)))
      const fork = yield* FiberSet.makeRuntime<never, void, never>()
      yield* Effect.addFinalizer(() =>
        withPermit(Effect.suspend(() => (running === undefined ? Effect.void : end)))
      )
      const onSignal = () => void fork(toggle)
      // Who has loaded something beforehand that listens to it, has another use for it.
      if (process.listenerCount("SIGUSR2") === 0) {
        yield* Effect.acquireRelease(
          Effect.sync(() => process.on("SIGUSR2", onSignal)),
          () => Effect.sync(() => process.off("SIGUSR2", onSignal))
        )
      }
      if (profile !== undefined) yield* toggle
    })
  )
}
