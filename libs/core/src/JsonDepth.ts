/**
 * JsonDepth: how deep JSON is nested, before anybody takes it apart.
 *
 * A parser that calls itself for each level ends its process somewhere below: ours does not, but
 * what we accept others read.
 */
export const maxJsonDepth = 32

const quote = 0x22
const backslash = 0x5c
/** `[` and `{` differ in this bit alone, and so do `]` and `}`. */
const curly = 0x20
const opening = 0x5b
const closing = 0x5d

/** Of what may be no JSON at all: then whoever parses it says so. */
export const isTooDeep = (json: Uint8Array): boolean => {
  let depth = 0
  let inString = false
  for (let at = 0; at < json.length; at++) {
    const byte = json[at]!
    if (inString) {
      if (byte === backslash) at++
      else if (byte === quote) inString = false
    } else if (byte === quote) inString = true
    else if ((byte & ~curly) === opening) {
      if (++depth > maxJsonDepth) return true
    } else if ((byte & ~curly) === closing) depth--
  }
  return false
}
