/**
 * Lane.fixture: what leaves on a lane, item by item, as a connector would read it.
 */
import { AttachResponse, type LaneItem } from "@weir/proto/mesh/v1/router"
import { Effect } from "effect"
import type { Lane } from "./Lane.ts"

const leftOver = new WeakMap<Lane, ReadonlyArray<LaneItem>>()

/** The next items, at most so many, waiting while there are none. */
export const takeItems = Effect.fnUntraced(function* (lane: Lane, most: number) {
  const left = leftOver.get(lane) ?? []
  const items =
    left.length > 0
      ? left
      : (yield* lane.takeMessages).flatMap((message) => AttachResponse.decode(message).items)
  leftOver.set(lane, items.slice(most))
  return items.slice(0, most)
})
