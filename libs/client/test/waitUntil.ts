/**
 * waitUntil: waits for a condition, and says which one never came.
 */

/** `state` is printed with the sentence when the time is over. */
export const waitUntil = async (
  sentence: string,
  isTrue: () => boolean,
  state: () => unknown = () => ""
): Promise<void> => {
  const deadline = performance.now() + 20_000
  while (!isTrue()) {
    if (performance.now() > deadline) {
      throw new Error(`never saw that ${sentence} ${JSON.stringify(state())}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
