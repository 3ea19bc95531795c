/**
 * Readiness: may this process be given work?
 *
 * Each part says for itself when it can serve; the process is ready while all
 * of them can, and never again once it drains.
 */
import { Context, Effect, Layer } from "effect"

export class Readiness extends Context.Service<
  Readiness,
  {
    /** Says whether a part can serve; a part that never said so does not count. */
    readonly set: (part: string, ready: boolean) => Effect.Effect<void>
    /** The parts that cannot serve; empty means ready. Nobody is ready before anybody said so. */
    readonly missing: () => ReadonlyArray<string>
  }
>()("weir/telemetry/Readiness") {
  static readonly layer: Layer.Layer<Readiness> = Layer.sync(Readiness, () => {
    const parts = new Map<string, boolean>()
    return Readiness.of({
      set: (part, ready) => Effect.sync(() => void parts.set(part, ready)),
      missing: () =>
        parts.size === 0
          ? ["starting"]
          : [...parts].filter(([, ready]) => !ready).map(([part]) => part)
    })
  })
}
