/**
 * RestrictionStore: restrictions for as long as they hold, whatever becomes of this process.
 *
 * Each change has a version, so that every auth node finds those of the others.
 */
import type { Failure } from "@weir/core/Failure"
import type { Restriction } from "@weir/core/Restriction"
import { Context, type Effect } from "effect"

/** More would be an attack by somebody who may administer, or a mistake. */
export const maxRestrictions = 100_000

/** Which change was the last, in one life of the store. */
export interface StoreVersion {
  /** Empty: the store has never held anything, or has lost all. */
  readonly epoch: string
  readonly number: number
}

export const nothingSeen: StoreVersion = { epoch: "", number: 0 }

export interface StoreChanges {
  readonly version: StoreVersion
  /** What was known before does not hold: these begin anew. */
  readonly isWhole: boolean
  /** More follows this version. */
  readonly more: boolean
  readonly put: ReadonlyArray<Restriction>
  /** Their ids. */
  readonly lifted: ReadonlyArray<string>
}

export class RestrictionStore extends Context.Service<
  RestrictionStore,
  {
    /** In the place of one with the same id. Fails with `too_many_requests` when it is full. */
    readonly put: (restriction: Restriction) => Effect.Effect<void, Failure>
    /** False: there was none. */
    readonly lift: (id: string) => Effect.Effect<boolean, Failure>
    /** What has changed since, in the order of versions; of one restriction the last change. */
    readonly since: (version: StoreVersion) => Effect.Effect<StoreChanges, Failure>
    /**
     * Forgets, of the ids given, those that are over; and up to a version that something was
     * lifted: who has not heard of it begins anew.
     */
    readonly tidy: (
      ids: ReadonlyArray<string>,
      nowMillis: number,
      upTo: StoreVersion
    ) => Effect.Effect<void, Failure>
  }
>()("weir/auth/RestrictionStore") {}
