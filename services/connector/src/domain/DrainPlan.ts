/**
 * DrainPlan: who is sent away when, so that those who take them in have an even load.
 *
 * Counted, and not timed one by one: a step that comes late catches up, and no step is more than
 * its time has made due.
 */
import { noticeMs } from "@weir/core/DrainSettings"

/** So many, and more, have the whole window; fewer have their share of it. */
const wholeWindow = 5_000

export interface DrainPlan {
  readonly count: number
  /** The first is told at its begin, and the last one before its end. */
  readonly windowMs: number
  /** From the word to a client until its connection is ended. */
  readonly noticeMs: number
}

/** A laptop with two tabs ends in milliseconds: nobody's load is at stake. */
export const planDrain = (count: number, windowSeconds: number): DrainPlan => {
  const windowMs = windowSeconds * 1_000 * Math.min(1, count / wholeWindow)
  return { count, windowMs, noticeMs: Math.min(noticeMs, Math.ceil(windowMs)) }
}

/** How many are to be told by then. */
export const toldBy = ({ count, windowMs }: DrainPlan, elapsedMs: number): number => {
  if (elapsedMs < 0) return 0
  return elapsedMs >= windowMs ? count : Math.floor((elapsedMs * count) / windowMs) + 1
}

/** How many connections are to be ended by then. */
export const endedBy = (plan: DrainPlan, elapsedMs: number): number =>
  toldBy(plan, elapsedMs - plan.noticeMs)
