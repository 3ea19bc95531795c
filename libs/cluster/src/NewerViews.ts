/**
 * NewerViews: somebody acts on a version that is not known here; looks for it.
 *
 * However many say so meanwhile, one look answers them all.
 */
import { Effect, Latch, type Scope } from "effect"
import type { KnownView } from "./KnownView.ts"

/** Between looks, since one may not find what it is looking for. */
const pauseMs = 100

export const make = Effect.fnUntraced(function* <E>(options: {
  readonly known: KnownView
  readonly look: Effect.Effect<void, E>
  /** For others who may bring it meanwhile. */
  readonly patienceMs: number
}): Effect.fn.Return<(version: number) => void, never, Scope.Scope> {
  const { known, look, patienceMs } = options
  const wanted = yield* Latch.make()
  let newest = 0
  yield* wanted.await.pipe(
    Effect.andThen(Effect.sleep(patienceMs)),
    Effect.andThen(
      Effect.suspend(() => {
        wanted.closeUnsafe()
        return newest > known.get().version ? Effect.ignore(look) : Effect.void
      })
    ),
    Effect.andThen(Effect.sleep(pauseMs)),
    Effect.forever,
    Effect.forkScoped
  )
  return (version) => {
    if (version <= known.get().version) return
    newest = Math.max(newest, version)
    wanted.openUnsafe()
  }
})
