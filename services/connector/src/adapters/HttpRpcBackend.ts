/**
 * HttpRpcBackend: a backend that answers over plain HTTP: a POST for each call.
 */
import { type Failure, failure } from "@weir/core/Failure"
import type { CallRequest } from "@weir/proto/api/v1/rpc"
import { Effect, Stream } from "effect"
import { type HttpClient, HttpClientRequest, type HttpClientResponse } from "effect/http"
import type { RpcBackend } from "../RpcBackend.ts"

/** What a backend says to a client in its own words. */
const maxMessageLength = 256

/** A header is ASCII; `decodeURIComponent` gives back what it was. */
const headerText = (text: string): string =>
  text.replace(/[^\x21-\x24\x26-\x7e]+/g, encodeURIComponent)

const headersOf = (
  { contentType, member, method, requestId, user }: CallRequest,
  authorization: string | undefined
) => ({
  "content-type": contentType === "" ? "application/json" : contentType,
  "x-weir-method": method,
  "x-weir-user": headerText(user),
  "x-weir-member": member,
  "x-weir-request-id": requestId,
  ...(authorization === undefined ? {} : { authorization: `Bearer ${authorization}` })
})

/** `application/json; charset=utf-8` is JSON: the rest is for others than us. */
const contentTypeOf = (header = ""): string => {
  const [type = ""] = header.split(";", 1)
  const known = type.trim().toLowerCase()
  if (known === "" || known === "application/json") return ""
  return known === "text/plain" ? known : header
}

/** Its whole body, as long as that is within the limit. */
const bodyOf = Effect.fnUntraced(function* (
  response: HttpClientResponse.HttpClientResponse,
  limitBytes: number
) {
  const chunks: Array<Uint8Array> = []
  let bytes = 0
  yield* Stream.runForEach(response.stream, (chunk) => {
    bytes += chunk.byteLength
    chunks.push(chunk)
    return bytes <= limitBytes
      ? Effect.void
      : Effect.fail(failure("payload_too_large", `answer: more than ${limitBytes} bytes`))
  })
  return Buffer.concat(chunks)
})

const messageIn = (body: Uint8Array): string | undefined => {
  try {
    const { message } = JSON.parse(Buffer.from(body).toString()) as { readonly message?: unknown }
    return typeof message === "string" ? message.slice(0, maxMessageLength) : undefined
  } catch {
    return undefined
  }
}

/** Seconds, or a date. */
const retryAfterMs = (header: string | undefined, nowMillis: number): number => {
  if (header === undefined) return 1_000
  const millis = /^\d+$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - nowMillis
  return Number.isFinite(millis) ? Math.min(Math.max(millis, 0), 600_000) : 1_000
}

const codeOf = (status: number) => {
  switch (status) {
    case 400:
    case 404:
    case 422:
      return "bad_request"
    case 401:
    case 403:
      return "permission_denied"
    case 413:
      return "payload_too_large"
    case 429:
      return "too_many_requests"
    case 408:
    case 504:
      return "timeout"
    default:
      return "unavailable"
  }
}

const refusalOf = (
  { headers, status }: HttpClientResponse.HttpClientResponse,
  body: Uint8Array,
  nowMillis: number
): Failure => {
  const code = codeOf(status)
  const waits = code === "too_many_requests" || code === "unavailable"
  return failure(
    code,
    messageIn(body) ?? `the backend answered ${status}`,
    waits ? retryAfterMs(headers["retry-after"], nowMillis) : 0
  )
}

const unreachable = failure("unavailable", "the backend cannot be reached", 1_000)

/** `client`: one that follows no redirect. */
export const make = (
  client: HttpClient.HttpClient,
  url: string,
  options: { readonly authorization: string | undefined; readonly limitBytes: number }
): RpcBackend => {
  const post = Effect.fnUntraced(function* (request: CallRequest) {
    const headers = headersOf(request, options.authorization)
    const response = yield* client.execute(
      HttpClientRequest.post(url).pipe(
        HttpClientRequest.bodyUint8Array(request.data, headers["content-type"]),
        HttpClientRequest.setHeaders(headers)
      )
    )
    const body = yield* bodyOf(response, options.limitBytes)
    if (response.status < 200 || response.status >= 300) {
      return yield* refusalOf(response, body, Date.now())
    }
    return { contentType: contentTypeOf(response.headers["content-type"]), data: body }
  })
  return {
    call: (request, timeoutMs) =>
      post(request).pipe(
        Effect.catchTag("HttpClientError", () => Effect.fail(unreachable)),
        Effect.timeoutOrElse({
          duration: timeoutMs,
          orElse: () => Effect.fail(failure("timeout", `no answer in ${timeoutMs} ms`))
        })
      )
  }
}
