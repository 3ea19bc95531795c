/**
 * Pace: things done at times that are fixed beforehand, whether those before were done late
 * or not.
 */
import { setTimeout as sleep } from "node:timers/promises"
import { nowMicros } from "./Clock.ts"

/** Lets the first one be in time. */
const leadMicros = 1_000

/**
 * Calls `send` so many times, so many microseconds apart, with its number, and when it was due
 * by `Clock.ts`.
 */
export const atPace = async (
  count: number,
  betweenMicros: number,
  send: (index: number, due: number) => void
): Promise<void> => {
  const start = nowMicros() + leadMicros
  for (let index = 0; index < count; index++) {
    const due = Math.floor(start + index * betweenMicros)
    while (nowMicros() < due) await sleep(Math.max(1, Math.floor((due - nowMicros()) / 1000)))
    send(index, due)
  }
}
