/**
 * Cursors: where everybody in the room points, as their signals tell.
 */

/** Where somebody points, as parts of the surface: 0 is its left or upper edge, 1 the other. */
export interface Spot {
  readonly x: number
  readonly y: number
  /** Grows with each wave, so that others see every one of them. */
  readonly waves: number
}

export interface Cursor extends Spot {
  readonly user: string
}

/** By `Member.id`: one user may have two tabs. */
export type Cursors = ReadonlyMap<string, Cursor>

export type CursorsEvent =
  | {
      readonly type: "signal"
      readonly member: string
      readonly user: string
      readonly data: unknown
    }
  | { readonly type: "present"; readonly members: ReadonlySet<string> }

export const noCursors: Cursors = new Map()

// More would be no picture any more.
const MAX_CURSORS = 100

export const cursorsAfter = (cursors: Cursors, event: CursorsEvent): Cursors => {
  if (event.type === "present") {
    const staying = [...cursors].filter(([member]) => event.members.has(member))
    return staying.length === cursors.size ? cursors : new Map(staying)
  }
  const spot = spotIn(event.data)
  if (spot === undefined) return cursors
  const next = new Map(cursors)
  if (spot === "gone") next.delete(event.member)
  else if (next.has(event.member) || next.size < MAX_CURSORS) {
    next.set(event.member, { ...spot, user: event.user })
  }
  return next
}

/** What a signal says: a place, or that its sender points nowhere any more. */
const spotIn = (data: unknown): Spot | "gone" | undefined => {
  if (typeof data !== "object" || data === null) return undefined
  if ("gone" in data) return "gone"
  if (!("x" in data && "y" in data)) return undefined
  const { x, y } = data
  if (!(Number.isFinite(x) && Number.isFinite(y))) return undefined
  const waves = "waves" in data && Number.isSafeInteger(data.waves) ? Number(data.waves) : 0
  return { x: within(Number(x)), y: within(Number(y)), waves }
}

/** Onto the surface. */
export const within = (part: number): number => Math.min(1, Math.max(0, part))
