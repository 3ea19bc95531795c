/**
 * waitUntil: waits for a condition instead of a while, and says which one never came.
 */
const pollMs = 20

export const waitUntil = async <A>(
  what: string,
  check: () => Promise<A | undefined | false> | A | undefined | false,
  limitMs = 30_000
): Promise<A> => {
  const end = Date.now() + limitMs
  while (true) {
    const result = await check()
    if (result !== undefined && result !== false) return result
    if (Date.now() > end) throw new Error(`waited ${limitMs} ms until ${what}`)
    await new Promise((resolve) => setTimeout(resolve, pollMs))
  }
}
