/**
 * Content: what a publication carries, from a command line and for one.
 */

export interface Content {
  /** A JSON value, a string for text, a `Uint8Array` for anything else. */
  readonly data: unknown
  readonly contentType: string
}

const jsonTypes = ["", "application/json"]
const textType = "text/plain"

const encoder = new TextEncoder()
const decoder = new TextDecoder()

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** JSON if it can be read as such, else text. */
export const fromText = (text: string) => ({
  contentType: isJson(text) ? "" : textType,
  data: encoder.encode(text)
})

/** As the SDK gives it, from the bytes that the publish API gives. */
export const fromBytes = (contentType: string, data: Uint8Array): Content => {
  if (jsonTypes.includes(contentType)) {
    return { contentType: "application/json", data: JSON.parse(decoder.decode(data)) }
  }
  return { contentType, data: contentType === textType ? decoder.decode(data) : data }
}

/** With the same fields as in the protocol's JSON. */
export const toJson = ({ contentType, data }: Content): object => {
  if (data instanceof Uint8Array) {
    return { contentType, encoding: "base64", data: Buffer.from(data).toString("base64") }
  }
  return contentType === textType ? { contentType, encoding: "text", data } : { data }
}

/** What could move a cursor or turn the text around is shown as its number. */
const harmless = (text: string): string =>
  text.replace(
    /[\p{Cc}\u{200e}\u{200f}\u{202a}-\u{202e}\u{2066}-\u{2069}]/gu,
    (char) => `\\u{${char.codePointAt(0)!.toString(16)}}`
  )

/** On one line. */
export const show = ({ contentType, data }: Content): string => {
  if (data instanceof Uint8Array) return `(${data.byteLength} bytes of ${harmless(contentType)})`
  return harmless(contentType === textType ? String(data) : JSON.stringify(data))
}

/** Names come from others, too. */
export const showName = harmless
