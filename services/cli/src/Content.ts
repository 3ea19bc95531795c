/**
 * Content: what a publication carries, from a command line and for one.
 */
import { contentKind, isJson } from "@weir/core/Content"

export interface Content {
  /** A JSON value, a string for text, a `Uint8Array` for anything else. */
  readonly data: unknown
  readonly contentType: string
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** JSON if it can be read as such, else text. */
export const fromText = (text: string) => ({
  contentType: isJson(text) ? "" : "text/plain",
  data: encoder.encode(text)
})

/** As the SDK gives it, from the bytes that the publish API gives. */
export const fromBytes = (contentType: string, data: Uint8Array): Content => {
  switch (contentKind(contentType)) {
    case "json":
      return { contentType: "application/json", data: JSON.parse(decoder.decode(data)) }
    case "text":
      return { contentType, data: decoder.decode(data) }
    case "binary":
      return { contentType, data }
  }
}

/** With the same fields as in the protocol's JSON. */
export const toJson = ({ contentType, data }: Content): object => {
  if (data instanceof Uint8Array) {
    return { contentType, encoding: "base64", data: Buffer.from(data).toString("base64") }
  }
  return contentKind(contentType) === "text" ? { contentType, encoding: "text", data } : { data }
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
  return harmless(contentKind(contentType) === "text" ? String(data) : JSON.stringify(data))
}

/** Names come from others, too. */
export const showName = harmless
