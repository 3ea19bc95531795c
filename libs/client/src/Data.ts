/**
 * Data: what a publication carries, in the program and on the wire.
 *
 * A JSON value is itself; a string published as `text/plain` is text; a
 * `Uint8Array` is binary. `encoding` stands beside `data` and says which, so that a
 * reader needs no content type to decode.
 */
import { fromBase64 } from "./Base64.ts"
import { WeirError } from "./Failure.ts"

export interface EncodedData {
  /** Of binary data, bytes or base64. */
  readonly data?: unknown
  readonly contentType?: string
  /** Absent: JSON. `text`, `base64`: as they say. */
  readonly encoding?: string
}

export const JSON_TYPE = "application/json"
export const TEXT_TYPE = "text/plain"
const BINARY_TYPE = "application/octet-stream"

/** Throws `bad_request` for data that its content type cannot carry. */
export const encodeData = (data: unknown, contentType?: string): EncodedData => {
  if (data instanceof Uint8Array) {
    if (contentType === JSON_TYPE || contentType === TEXT_TYPE) {
      throw new WeirError("bad_request", `bytes cannot be sent as ${contentType}`)
    }
    // A copy: the program may go on with its own.
    return { contentType: contentType || BINARY_TYPE, encoding: "base64", data: data.slice() }
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

/** The data of a request as the bytes that a channel keeps of it. */
export const bytesOf = ({ data, encoding }: EncodedData): Uint8Array =>
  data instanceof Uint8Array
    ? data
    : new TextEncoder().encode(encoding === "text" ? String(data) : JSON.stringify(data))

export const decodeData = ({ data, contentType, encoding }: EncodedData) => {
  switch (encoding) {
    case "base64":
      return { data: bytesFrom(data), contentType: contentType || BINARY_TYPE }
    case "text":
      return { data: String(data ?? ""), contentType: contentType || TEXT_TYPE }
    default:
      return { data, contentType: contentType || JSON_TYPE }
  }
}

/** JSON brings them as text. */
const bytesFrom = (data: unknown): Uint8Array =>
  data instanceof Uint8Array ? data : fromBase64(String(data ?? ""))
