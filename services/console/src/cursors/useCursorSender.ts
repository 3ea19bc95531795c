/**
 * useCursorSender: tells the room where I point, at the pace that it takes.
 */
import { useCallback, useEffect, useRef } from "react"
import { atRest, due, moved, type Step } from "./CursorPace.ts"
import type { Spot } from "./Cursors.ts"

/** What is returned is given each place as it comes, or undefined: I point nowhere. */
export const useCursorSender = (signal: (data: unknown) => boolean) => {
  const pace = useRef(atRest)
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)

  const take = useCallback(
    (step: Step) => {
      pace.current = step.pace
      if (step.tell !== undefined) signal(step.tell)
      if (step.waitMs === undefined) return
      timer.current = setTimeout(() => take(due(pace.current, performance.now())), step.waitMs)
    },
    [signal]
  )
  useEffect(() => () => clearTimeout(timer.current), [])

  return useCallback(
    (spot: Spot | undefined) => {
      if (spot !== undefined) return take(moved(pace.current, spot, performance.now()))
      clearTimeout(timer.current)
      pace.current = atRest
      signal({ gone: true })
    },
    [signal, take]
  )
}
