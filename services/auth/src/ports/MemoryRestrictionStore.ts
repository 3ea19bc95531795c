/**
 * MemoryRestrictionStore: restrictions of one process, for as long as it lives.
 */
import { randomUUID } from "node:crypto"
import { failure } from "@weir/core/Failure"
import { type Restriction, restrictionId } from "@weir/core/Restriction"
import { Effect, Layer } from "effect"
import { maxRestrictions, RestrictionStore, type StoreVersion } from "./RestrictionStore.ts"

interface Entry {
  /** Absent: it was lifted. */
  readonly restriction: Restriction | undefined
  readonly number: number
}

/** What one answer holds at most. */
const pageSize = 1_000

const make = () => {
  const epoch = randomUUID()
  // In the order of their numbers: what changes is taken out, and put in again at the end.
  const entries = new Map<string, Entry>()
  let number = 0
  let held = 0
  let floor = 0

  const change = (id: string, restriction: Restriction | undefined): void => {
    held +=
      (restriction === undefined ? 0 : 1) - (entries.get(id)?.restriction === undefined ? 0 : 1)
    entries.delete(id)
    entries.set(id, { restriction, number: ++number })
  }

  const since = (version: StoreVersion) => {
    const isWhole = number > 0 && (version.epoch !== epoch || version.number < floor)
    const from = isWhole ? 0 : version.number
    const changed = [...entries].filter(([, entry]) => entry.number > from)
    const page = changed.slice(0, pageSize)
    const more = changed.length > pageSize
    return {
      version: { epoch: number === 0 ? "" : epoch, number: more ? page.at(-1)![1].number : number },
      isWhole,
      more,
      put: page.flatMap(([, { restriction }]) => restriction ?? []),
      lifted: page.filter(([, { restriction }]) => restriction === undefined).map(([id]) => id)
    }
  }

  return RestrictionStore.of({
    put: (restriction) =>
      Effect.suspend(() => {
        const id = restrictionId(restriction)
        if (held >= maxRestrictions && entries.get(id)?.restriction === undefined) {
          return Effect.fail(failure("too_many_requests", `restrictions: limit ${maxRestrictions}`))
        }
        change(id, restriction)
        return Effect.void
      }),
    lift: (id) =>
      Effect.sync(() => {
        if (entries.get(id)?.restriction === undefined) return false
        change(id, undefined)
        return true
      }),
    since: (version) => Effect.sync(() => since(version)),
    tidy: (ids, nowMillis, upTo) =>
      Effect.sync(() => {
        for (const id of ids) {
          const restriction = entries.get(id)?.restriction
          if (restriction === undefined || restriction.until > nowMillis) continue
          entries.delete(id)
          held -= 1
        }
        if (upTo.epoch !== epoch) return
        for (const [id, entry] of entries) {
          if (entry.restriction === undefined && entry.number <= upTo.number) entries.delete(id)
        }
        floor = Math.max(floor, upTo.number)
      })
  })
}

export const layerMemory: Layer.Layer<RestrictionStore> = Layer.sync(RestrictionStore, make)
