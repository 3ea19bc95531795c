/**
 * JsonData: the data of a message in JSON: the value itself or, with `encoding`
 * beside it, text or base64.
 */
import { contentKind } from "@weir/core/Content"
import { type Failure, failure } from "@weir/core/Failure"
import { Schema } from "effect"

/** The fields of whatever holds data. */
export const dataFields = {
  data: Schema.Unknown,
  encoding: Schema.optionalKey(Schema.Literals(["text", "base64"])),
  contentType: Schema.optionalKey(Schema.String)
}

const encoder = new TextEncoder()
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

export interface JsonData {
  readonly data?: unknown
  readonly encoding?: "text" | "base64"
  readonly contentType?: string
}

/** Data as bytes, with the content type that its encoding implies. */
export const readData = (
  json: JsonData,
  field: string
): { readonly contentType: string; readonly data: Uint8Array } | Failure => {
  const { data, encoding } = json
  const implied =
    encoding === "text" ? "text/plain" : encoding === "base64" ? "application/octet-stream" : ""
  const contentType = json.contentType ?? implied
  if (contentKind(contentType) !== contentKind(implied)) {
    return failure(
      "bad_request",
      `${field}.data: encoding ${encoding ?? "(none)"} does not fit contentType ${contentType}`
    )
  }
  if (encoding === undefined) return { contentType, data: encoder.encode(JSON.stringify(data)) }
  if (typeof data !== "string") {
    return failure("bad_request", `${field}.data: must be a string with encoding ${encoding}`)
  }
  if (encoding === "text") {
    // Half a surrogate pair has no UTF-8; the encoder would put another character there.
    return data.isWellFormed()
      ? { contentType, data: encoder.encode(data) }
      : failure("bad_request", `${field}.data: not well-formed Unicode`)
  }
  if (!base64.test(data)) return failure("bad_request", `${field}.data: not valid base64`)
  return { contentType, data: Buffer.from(data, "base64") }
}
