/**
 * Failing: what ends a job from outside: a server that is gone, a publication refused.
 */
export interface Failing {
  /** Never resolves; to be raced with the work. */
  readonly failed: Promise<never>
  readonly onFailure: (why: string) => void
}

export const makeFailing = (): Failing => {
  const { promise, reject } = Promise.withResolvers<never>()
  // It may come while something opens, which fails by itself, or when nobody waits any more.
  promise.catch(() => {})
  return { failed: promise, onFailure: (why) => reject(new Error(why)) }
}
