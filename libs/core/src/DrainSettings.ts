/**
 * DrainSettings: how long a connector that is told to end may take to let go of its clients.
 */
export interface DrainSettings {
  /** Newcomers are taken for so long: until whoever sends them here has heard that it ends. */
  readonly settleSeconds: number
  /** 5,000 connections and more are sent away over so long, and fewer in less. */
  readonly windowSeconds: number
}

export const defaultDrain: DrainSettings = {
  settleSeconds: 0,
  // So that about 110 a second come to the others, which have clients of their own.
  windowSeconds: 45
}

/**
 * From the word to a client until its connection is ended: above the 3 s within which it is asked
 * to come back by itself.
 */
export const noticeMs = 4_000

/** No drain takes longer. */
export const drainLimitMs = ({ settleSeconds, windowSeconds }: DrainSettings): number =>
  (settleSeconds + windowSeconds) * 1_000 + noticeMs
