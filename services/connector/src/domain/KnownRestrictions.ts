/**
 * KnownRestrictions: who is restricted, as auth has told this node so far.
 *
 * Told anew after each time that auth could not be heard: until all of that has come, what was
 * known before holds. A `kick` is no state but a deed: it is given out once.
 */
import { type Restriction, restrictionId } from "@weir/core/Restriction"
import { Restrictions } from "@weir/core/Restrictions"

/** Auth says something every 2 s: so often, and some more for a machine that is late. */
const staleAfterMs = 10_000

export interface RestrictionsTold {
  readonly whole: boolean
  readonly more: boolean
  readonly put: ReadonlyArray<Restriction>
  /** Their ids. */
  readonly lifted: ReadonlyArray<string>
}

export class KnownRestrictions {
  #held = new Restrictions()
  /** What was begun anew, until all of it is here. */
  #coming: Restrictions | undefined
  /** When each kick was made that was done, or that is older than we are, by its id. */
  readonly #done = new Map<string, Restriction>()
  #isNew = true
  #heardAt: number

  /** Times but for `take`'s are of one clock that never steps. */
  constructor(nowMs: number) {
    this.#heardAt = nowMs
  }

  get held(): Restrictions {
    return this.#held
  }

  /** Auth lives, as its words show. */
  heard(nowMs: number): void {
    this.#heardAt = nowMs
  }

  /** Milliseconds since auth was heard, or since we are here. */
  silentMs(nowMs: number): number {
    return nowMs - this.#heardAt
  }

  /** What is known may not be all. */
  isStale(nowMs: number): boolean {
    return this.#isNew || this.silentMs(nowMs) > staleAfterMs
  }

  /** Takes it in, and gives the kicks that are to be done now. */
  take(
    { lifted, more, put, whole }: RestrictionsTold,
    nowMillis: number
  ): ReadonlyArray<Restriction> {
    if (whole) this.#coming = new Restrictions()
    const list = this.#coming ?? this.#held
    const kicks: Array<Restriction> = []
    for (const restriction of put) {
      if (restriction.kind !== "kick") list.put(restriction)
      else if (this.#isNews(restriction)) kicks.push(restriction)
    }
    for (const id of lifted) list.lift(id)
    if (this.#coming !== undefined && !more) {
      this.#held = this.#coming
      this.#coming = undefined
      this.#isNew = false
    }
    for (const [id, { until }] of this.#done) if (until <= nowMillis) this.#done.delete(id)
    return kicks
  }

  /** Those that were made before this node was there concern nobody who is here. */
  #isNews(kick: Restriction): boolean {
    const id = restrictionId(kick)
    const isNews = !this.#isNew && this.#done.get(id)?.at !== kick.at
    this.#done.set(id, kick)
    return isNews
  }
}
