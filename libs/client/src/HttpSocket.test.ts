/**
 * A session over requests, against a server that the test plays. Time is faked.
 */
import { afterEach, assert, beforeEach, describe, it, vi } from "@effect/vitest"
import { BLOCKED } from "./Ending.ts"
import { httpSocket } from "./HttpSocket.ts"

const connected = { type: "connected", id: 1, payload: { session: "s", heartbeatMs: 60_000 } }

/** A server whose streams say `words` and go on in silence. */
const play = (words: string) => {
  const requests: Array<string> = []
  vi.stubGlobal("fetch", async (url: string, { method = "GET", signal }: RequestInit = {}) => {
    const { pathname } = new URL(url)
    requests.push(`${method} ${pathname}`)
    if (pathname.endsWith("/commands")) return new Response(null, { status: 202 })
    if (method === "POST") return Response.json(connected)
    if (method === "DELETE") return new Response(null, { status: 204 })
    const body = new ReadableStream({
      start: (controller) => {
        if (words !== "") controller.enqueue(new TextEncoder().encode(words))
        signal?.addEventListener("abort", () => controller.error(signal.reason))
      }
    })
    return new Response(body, { headers: { "content-type": "text/event-stream" } })
  })
  return requests
}

const connect = () => {
  const socket = new (httpSocket("events"))("ws://weir.test/v1/ws")
  const heard: Array<string> = []
  for (const type of ["message", "close"] as const) {
    socket.addEventListener(type, ({ reason = "" }) => heard.push(`${type} ${reason}`.trim()))
  }
  socket.send(`{"type":"connect","id":1,"payload":{}}`)
  return { heard, socket }
}

describe("a session over requests", () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
    vi.unstubAllGlobals()
  })

  it("lets its stream be silent for as long as the server may be", async () => {
    const requests = play(":\n\n")
    const { heard } = connect()

    await vi.advanceTimersByTimeAsync(connected.payload.heartbeatMs)

    assert.deepStrictEqual(heard, ["message"])
    assert.deepStrictEqual(requests, [
      "POST /v1/sessions",
      "GET /v1/sessions/s/events",
      "POST /v1/sessions/s/commands"
    ])
  })

  it("is not connected where nothing comes of its stream, and leaves no session behind", async () => {
    const requests = play("")
    const { heard } = connect()

    await vi.advanceTimersByTimeAsync(10_000)

    assert.deepStrictEqual(heard, [`close ${BLOCKED}`])
    assert.strictEqual(requests.at(-1), "DELETE /v1/sessions/s")
  })

  it("says goodbye once, and asks for nothing more", async () => {
    const requests = play("")
    const { heard, socket } = connect()
    await vi.advanceTimersByTimeAsync(1_000)

    socket.close()
    await vi.advanceTimersByTimeAsync(60_000)

    assert.deepStrictEqual(heard, ["close"])
    assert.deepStrictEqual(requests.slice(2), ["DELETE /v1/sessions/s"])
  })
})
