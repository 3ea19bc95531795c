/**
 * Silence: waiting for what is on its way, once nothing more is published.
 */
import { setTimeout as sleep } from "node:timers/promises"
import { nowMicros } from "./Clock.ts"

/** So long may it take that anything arrives. */
const usualSilenceMs = 3_000
const pollMs = 10

/** Until nothing lacks, or nothing has come for a while. `received` only grows. */
export const untilSilent = async (
  lacks: () => boolean,
  received: () => number,
  silenceMs = usualSilenceMs
): Promise<void> => {
  const silenceMicros = silenceMs * 1000
  let heard = received()
  let end = nowMicros() + silenceMicros
  while (lacks() && nowMicros() < end) {
    await sleep(pollMs)
    if (received() === heard) continue
    heard = received()
    end = nowMicros() + silenceMicros
  }
}
