/**
 * UpgradeRequest: the request that opens a WebSocket, with any header changed (RFC 6455 §4.1).
 */

/** The key of the example in RFC 6455 §1.3, and what a server makes of it. */
export const exampleKey = "dGhlIHNhbXBsZSBub25jZQ=="
export const exampleAccept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

/** Undefined: without it. Several values: a line each. */
export type Headers = Readonly<Record<string, string | ReadonlyArray<string> | undefined>>

const usual: Headers = {
  Host: "weir.test",
  Upgrade: "websocket",
  Connection: "Upgrade",
  "Sec-WebSocket-Version": "13",
  "Sec-WebSocket-Key": exampleKey
}

export const upgradeRequest = (headers: Headers = {}, start = "GET /v1/ws HTTP/1.1"): string => {
  const lines = Object.entries({ ...usual, ...headers }).flatMap(([name, values]) =>
    [values ?? []].flat().map((value) => `${name}: ${value}`)
  )
  return [start, ...lines, "", ""].join("\r\n")
}
