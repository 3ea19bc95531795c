/**
 * Lane.fixture: what leaves on a lane, item by item, as a connector would read it.
 */
import { AttachResponse, type LaneItem } from "@weir/proto/mesh/v1/router"
import { Effect } from "effect"
import type { Lane } from "./Lane.ts"

const leftOver = new WeakMap<Lane, ReadonlyArray<LaneItem>>()

const takeMessages = (lane: Lane): Effect.Effect<ReadonlyArray<Uint8Array>> =>
  Effect.callback((resume) => {
    let isWaiting = true
    const take = () => {
      const messages = isWaiting ? lane.take() : []
      if (messages.length === 0) return
      isWaiting = false
      resume(Effect.succeed(messages))
    }
    // What is put on it in a turn leaves together.
    lane.onItems = () => queueMicrotask(take)
    lane.onItems()
    return Effect.sync(() => {
      isWaiting = false
    })
  })

/** The next items, at most so many, waiting while there are none. */
export const takeItems = Effect.fnUntraced(function* (lane: Lane, most: number) {
  const left = leftOver.get(lane) ?? []
  const items =
    left.length > 0
      ? left
      : (yield* takeMessages(lane)).flatMap((message) => AttachResponse.decode(message).items)
  leftOver.set(lane, items.slice(most))
  return items.slice(0, most)
})
