/**
 * Callback: calls the program's code without letting it break the client.
 */

/** A throw, or a promise that rejects, is reported where the platform shows such things. */
export const callBack = (callback: () => unknown): void => {
  try {
    const result = callback()
    if (result instanceof Promise) result.catch(report)
  } catch (error) {
    report(error)
  }
}

/** `reportError` where it exists (browsers), `console.error` elsewhere. */
export const report = (error: unknown): void => {
  const platform = globalThis as { reportError?: (error: unknown) => void }
  if (platform.reportError === undefined) console.error(error)
  else platform.reportError(error)
}
