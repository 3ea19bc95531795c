/**
 * Deferred: a promise, and what settles it from outside. `Promise.withResolvers` is not in
 * Node 20, nor in browsers before 2024.
 */
export interface Deferred<T> {
  readonly promise: Promise<T>
  readonly resolve: (value: T) => void
  readonly reject: (error: unknown) => void
}

export const deferred = <T>(): Deferred<T> => {
  let settle: Omit<Deferred<T>, "promise">
  const promise = new Promise<T>((resolve, reject) => {
    settle = { resolve, reject }
  })
  return { promise, ...settle! }
}
