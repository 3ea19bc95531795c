/**
 * AuditStore: the lines of the audit trail, one behind the other.
 */
import { type AuditHead, noLines } from "@weir/core/AuditLine"
import type { Failure } from "@weir/core/Failure"
import { Context, Effect, Layer } from "effect"

/** Then the oldest go: what is to be kept longer is exported. */
export const maxLines = 1_000_000

/** A laptop's. */
const maxLinesInMemory = 10_000

export class AuditStore extends Context.Service<
  AuditStore,
  {
    readonly head: Effect.Effect<AuditHead, Failure>
    /** Appends lines that lead from one head to another; false: somebody else was quicker. */
    readonly append: (
      from: AuditHead,
      lines: ReadonlyArray<string>,
      to: AuditHead
    ) => Effect.Effect<boolean, Failure>
    /** The lines behind that with this number, oldest first, at most so many. */
    readonly read: (after: number, limit: number) => Effect.Effect<ReadonlyArray<string>, Failure>
  }
>()("weir/auth/AuditStore") {}

/** For one process, as long as it lives. */
export const layerMemory: Layer.Layer<AuditStore> = Layer.sync(AuditStore, () => {
  let lines: ReadonlyArray<string> = []
  let head = noLines
  return AuditStore.of({
    head: Effect.sync(() => head),
    append: (from, added, to) =>
      Effect.sync(() => {
        if (from.number !== head.number || from.hash !== head.hash) return false
        lines = [...lines, ...added].slice(-maxLinesInMemory)
        head = to
        return true
      }),
    read: (after, limit) =>
      Effect.sync(() => {
        const first = head.number - lines.length
        const from = Math.max(0, after - first)
        return lines.slice(from, from + limit)
      })
  })
})
