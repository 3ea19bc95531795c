/**
 * Wish: what the hooks of one channel ask of the one subscription that they share.
 */

export interface Wish {
  /** Begin with the last n publications. */
  readonly rewind: number
  /** Hear who comes and goes. */
  readonly presence: boolean
  /** Stand in the roster with this; undefined: do not. */
  readonly member: unknown
}

/** All of them at once. Of several members the one that was there first stays. */
export const mergeWishes = (wishes: ReadonlyArray<Wish>): Wish => ({
  rewind: Math.max(0, ...wishes.map(({ rewind }) => rewind)),
  presence: wishes.some(({ presence }) => presence),
  member: wishes.find(({ member }) => member !== undefined)?.member
})

/**
 * Is the same asked of a subscription that has begun? A member that is written anew for each
 * render is the same one. Throws on one that is no JSON value.
 */
export const asksTheSame = (one: Wish, other: Wish): boolean =>
  one.presence === other.presence && JSON.stringify(one.member) === JSON.stringify(other.member)
