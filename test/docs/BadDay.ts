/**
 * BadDay: stands before a server and has a bad day, with each message anew: it is too busy, then
 * it does what it is asked and loses the answer, then, of several, it takes all but the first,
 * and from then on it works.
 */
import { once } from "node:events"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"

export interface BadDay {
  readonly url: string
  /** The bodies of all requests, in their order. */
  readonly asked: ReadonlyArray<string>
  readonly close: () => Promise<void>
}

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  const chunks: Array<Buffer> = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

const withoutFirst = (text: string): string => {
  const { results } = JSON.parse(text)
  const error = { code: "aborted", message: "a bad day", retryAfterMs: 10 }
  return JSON.stringify({ results: [{ error }, ...results.slice(1)] })
}

export const startBadDay = async (target: string): Promise<BadDay> => {
  const asked: Array<string> = []
  const times = new Map<string, number>()
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const body = await bodyOf(request)
    const id = /"messageId": ?"([^"]*)"/.exec(body)?.[1] ?? ""
    const time = times.get(id) ?? 0
    times.set(id, time + 1)
    asked.push(body)
    if (time === 0) {
      const refusal = { code: "unavailable", message: "a bad day", retryAfterMs: 100 }
      return response.writeHead(503, { "retry-after": "1" }).end(JSON.stringify(refusal))
    }
    const { authorization = "" } = request.headers
    const asks = { method: "POST", headers: { authorization }, body }
    const answered = await fetch(`${target}${request.url}`, asks)
    const text = await answered.text()
    if (time === 1) return response.destroy()
    const isRefused = time === 2 && text.startsWith('{"results":[')
    return response.writeHead(answered.status).end(isRefused ? withoutFirst(text) : text)
  }
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy())
  }).listen(0, "127.0.0.1")
  await once(server, "listening")
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    close: async () => {
      server.closeAllConnections()
      await once(server.close(), "close")
    }
  }
}
