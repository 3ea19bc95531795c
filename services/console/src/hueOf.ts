/**
 * hueOf: the colour of a name, the same wherever it appears.
 */

/** Degrees on the colour wheel. */
export const hueOf = (name: string): number => {
  let hash = 0
  for (const char of name) hash = (hash * 31 + char.codePointAt(0)!) % 360
  return hash
}
