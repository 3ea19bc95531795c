/**
 * handshake: the HTTP side of opening a WebSocket, with any headers; what is
 * opened is closed again.
 */
import { once } from "node:events"
import { type IncomingMessage, request } from "node:http"
import { text } from "node:stream/consumers"

export interface Handshake {
  readonly status: number
  readonly retryAfter: string | undefined
  /** The JSON of a refusal. */
  readonly body: { readonly code?: string; readonly message?: string }
}

export const handshake = async (
  http: string,
  headers: Readonly<Record<string, string>> = {},
  path = "/v1/ws"
): Promise<Handshake> => {
  const outgoing = request(`http://${http}${path}`, {
    agent: false,
    headers: {
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      // The example of RFC 6455 §1.3.
      "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
      ...headers
    }
  })
  outgoing.end()
  const answered = Promise.race([once(outgoing, "response"), once(outgoing, "upgrade")])
  const [response] = (await answered) as [IncomingMessage]
  const { headers: answer, statusCode } = response
  const upgraded = statusCode === 101
  const body = upgraded ? "{}" : await text(response)
  outgoing.destroy()
  return { status: statusCode!, retryAfter: answer["retry-after"], body: JSON.parse(body) }
}
