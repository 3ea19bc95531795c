/**
 * Content: what kind of data a content type names, and whether data is that.
 *
 * Checked once, at the first door. From there on JSON is known to parse and to
 * hold no line break outside strings, so it can be put into an envelope as it
 * stands and nobody can close the envelope from inside.
 */
import { type Failure, failure } from "./Failure.ts"
import { isTooDeep, maxJsonDepth } from "./JsonDepth.ts"

export type ContentKind = "json" | "text" | "binary"

export const maxContentTypeBytes = 128

export const contentKind = (contentType: string): ContentKind =>
  contentType === "" || contentType === "application/json"
    ? "json"
    : contentType === "text/plain"
      ? "text"
      : "binary"

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
const lineFeed = 0x0a
const carriageReturn = 0x0d

const decodeUtf8 = (data: Uint8Array): string | undefined => {
  try {
    return utf8.decode(data)
  } catch {
    return undefined
  }
}

export const isJson = (text: string): boolean => {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** The data as it will be stored, or the failure that names what is wrong with it. */
export const checkContent = (
  contentType: string,
  data: Uint8Array,
  limitBytes: number
): Uint8Array | Failure => {
  if (data.byteLength > limitBytes) {
    return failure("payload_too_large", `data: ${data.byteLength} bytes, limit ${limitBytes}`)
  }
  const isLong = contentType.length > maxContentTypeBytes
  if (isLong || (contentType !== "" && !/^[\x20-\x7e]*$/.test(contentType))) {
    return failure(
      "bad_request",
      `contentType: must be printable ASCII of at most ${maxContentTypeBytes} bytes`
    )
  }
  const kind = contentKind(contentType)
  if (kind === "binary") return data
  const text = decodeUtf8(data)
  if (text === undefined) return failure("bad_request", "data: not valid UTF-8")
  if (kind === "text") return data
  if (isTooDeep(data)) return failure("bad_request", `data: nested deeper than ${maxJsonDepth}`)
  if (!isJson(text)) return failure("bad_request", "data: not valid JSON")
  // A raw line break in valid JSON can only be white space between tokens.
  return data.includes(lineFeed) || data.includes(carriageReturn)
    ? data.filter((byte) => byte !== lineFeed && byte !== carriageReturn)
    : data
}
