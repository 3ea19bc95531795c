/**
 * Data: what a publication carries, in the program and on the wire.
 *
 * A JSON value is itself; a string published as `text/plain` is text; a
 * `Uint8Array` is binary and travels as base64. `encoding` stands beside `data`
 * and says which, so that a reader needs no content type to decode.
 */
import { WeirError } from "./Failure.ts"

export interface EncodedData {
  readonly data?: unknown
  readonly contentType?: string
  readonly encoding?: string
}

export const JSON_TYPE = "application/json"
const TEXT_TYPE = "text/plain"
const BINARY_TYPE = "application/octet-stream"

/** Throws `bad_request` for data that its content type cannot carry. */
export const encodeData = (data: unknown, contentType?: string): EncodedData => {
  if (data instanceof Uint8Array) {
    if (contentType === JSON_TYPE || contentType === TEXT_TYPE) {
      throw new WeirError("bad_request", `bytes cannot be sent as ${contentType}`)
    }
    return { contentType: contentType || BINARY_TYPE, encoding: "base64", data: toBase64(data) }
  }
  if (contentType === TEXT_TYPE) {
    if (typeof data !== "string") {
      throw new WeirError("bad_request", `${TEXT_TYPE} needs a string, not ${typeof data}`)
    }
    return { contentType, encoding: "text", data }
  }
  if (contentType && contentType !== JSON_TYPE) {
    throw new WeirError("bad_request", `${contentType} needs a Uint8Array`)
  }
  if (data === undefined || typeof data === "function" || typeof data === "symbol") {
    throw new WeirError("bad_request", `${typeof data} is no JSON value`)
  }
  return { data }
}

export const decodeData = ({ data, contentType, encoding }: EncodedData) => {
  switch (encoding) {
    case "base64":
      return { data: fromBase64(String(data ?? "")), contentType: contentType || BINARY_TYPE }
    case "text":
      return { data: String(data ?? ""), contentType: contentType || TEXT_TYPE }
    default:
      return { data, contentType: contentType || JSON_TYPE }
  }
}

// `String.fromCharCode` takes its bytes as arguments, and engines bound those.
const CHUNK = 8192

const toBase64 = (bytes: Uint8Array): string => {
  let binary = ""
  for (let at = 0; at < bytes.length; at += CHUNK) {
    binary += String.fromCharCode(...bytes.subarray(at, at + CHUNK))
  }
  return btoa(binary)
}

const fromBase64 = (text: string): Uint8Array =>
  Uint8Array.from(atob(text), (char) => char.charCodeAt(0))
