/**
 * HttpSocket: looks like a WebSocket, where none passes: it reads by server-sent events or by
 * long-polling, and sends by requests (docs/protocol.md, "Without WebSocket").
 *
 * A reader that is cut off goes on from its cursor; a session that is lost ends as a WebSocket
 * does that was cut, and the client resumes on the next one.
 */
import type { SocketConstructor, SocketEvent, SocketLike } from "./Connection.ts"
import { BLOCKED, CUT, TOO_BIG } from "./Ending.ts"
import { sessionsUrl } from "./SocketUrl.ts"
import { Watchdog } from "./Watchdog.ts"

interface PollAnswer {
  readonly cursor: string
  readonly frames: ReadonlyArray<object>
}

type Reading = "events" | "poll"

type Fetch = typeof globalThis.fetch

/** In a browser, and nowhere else. */
interface Leaving {
  readonly addEventListener?: (
    type: "pagehide",
    listener: () => void,
    options: { readonly signal: AbortSignal }
  ) => void
}

// A browser's own takes no other `this`.
const ownFetch: Fetch = (...request) => globalThis.fetch(...request)

// The server takes as many envelopes in one request, and 64 KiB.
const MAX_ENVELOPES = 64
const MAX_CHARACTERS = 32_768
const FIRST_RETRY_MS = 200
const MAX_RETRIES = 4
// Weir says something at once. Where that does not come through, something collects it.
const FIRST_WORD_MS = 5_000
// How much later than after a heartbeat an answer may come, or the next word of a stream.
const READ_GRACE_MS = 15_000
const LOOK_MS = 5_000

// Says that this client lives, whenever it is asked by a comment, and that it will say so: from
// the first one on the server takes its silence for its end. A poll says as much by itself.
const PONG = '{"type":"pong","payload":{}}'

/** The session is not there any more: to ask again is in vain. */
class Lost extends Error {}

/** Its session was opened by a request, and the stream does not come: to ask again is in vain. */
class Blocked extends Error {}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

class HttpSocket implements SocketLike {
  readonly #url: string
  readonly #reading: Reading
  readonly #fetch: Fetch
  readonly #listeners = new Map<string, (event: SocketEvent) => void>()
  readonly #over = new AbortController()
  /** Of the request that reads now. */
  #read = new AbortController()
  #session: string | undefined
  #readLimitMs = 0
  #cursor = ""
  #outgoing: Array<string> = []
  #isSending = false

  /** `url`: of the WebSocket that it stands for. */
  constructor(url: string, reading: Reading, fetch: Fetch) {
    this.#url = sessionsUrl(url)
    this.#reading = reading
    this.#fetch = (...request) => fetch(...request)
    queueMicrotask(() => this.#tell("open", {}))
  }

  addEventListener(type: string, listener: (event: SocketEvent) => void): void {
    this.#listeners.set(type, listener)
  }

  send(message: string | Uint8Array<ArrayBuffer>): void {
    this.#outgoing.push(message as string)
    if (!this.#isSending) void this.#sendAll()
  }

  close(): void {
    if (this.#session !== undefined && !this.#over.signal.aborted) this.#leave()
    this.#end(1000, "")
  }

  /** Not waited for: without it the session ends by itself. */
  #leave(): void {
    this.#fetch(`${this.#url}/${this.#session}`, { method: "DELETE", keepalive: true }).catch(
      () => {}
    )
  }

  #tell(type: string, event: Omit<SocketEvent, "type">): void {
    if (!this.#over.signal.aborted || type === "close") {
      this.#listeners.get(type)?.({ type, ...event })
    }
  }

  #end(code: number, reason: string): void {
    if (this.#over.signal.aborted) return
    this.#over.abort()
    this.#read.abort()
    this.#tell("close", { code, reason })
  }

  async #sendAll(): Promise<void> {
    this.#isSending = true
    try {
      while (this.#outgoing.length > 0 && !this.#over.signal.aborted) {
        if (this.#session === undefined) await this.#connect(this.#outgoing.shift()!)
        else await this.#command(this.#session, this.#takeOutgoing())
      }
    } catch (error) {
      // It may have arrived, or not: who asked asks again on the next connection.
      this.#end(CUT, String(error))
    }
    this.#isSending = false
  }

  #takeOutgoing(): string {
    let count = 0
    for (let characters = 0; count < Math.min(MAX_ENVELOPES, this.#outgoing.length); count++) {
      characters += this.#outgoing[count]!.length
      if (characters > MAX_CHARACTERS && count > 0) break
    }
    const messages = this.#outgoing.splice(0, count)
    return messages.length === 1 ? messages[0]! : `[${messages.join()}]`
  }

  async #connect(message: string): Promise<void> {
    const { signal } = this.#over
    const response = await this.#fetch(this.#url, { method: "POST", body: message, signal })
    const text = await response.text()
    const answer = JSON.parse(text)
    if (answer.type === "connected") {
      this.#session = answer.payload.session
      this.#readLimitMs = answer.payload.heartbeatMs + READ_GRACE_MS
      // A WebSocket ends with its page; this would be there until nobody has read it for a while.
      const page = globalThis as Leaving
      page.addEventListener?.("pagehide", () => this.close(), { signal })
      void this.#readAll(() => this.#tell("message", { data: text }))
    } else if (answer.type === "error") {
      this.#tell("message", { data: text })
    } else if (typeof answer.code === "number") {
      this.#end(answer.code, answer.reason)
    } else if (typeof answer.code === "string") {
      const { id } = JSON.parse(message)
      this.#tell("message", { data: JSON.stringify({ type: "error", id, payload: answer }) })
    } else {
      throw new Error(`connect: ${response.status}, and not by Weir`)
    }
  }

  async #command(session: string, body: string): Promise<void> {
    const signal = this.#over.signal
    const response = await this.#fetch(`${this.#url}/${session}/commands`, {
      method: "POST",
      body,
      signal
    })
    await response.body?.cancel()
    if (response.status === 413) this.#end(TOO_BIG, "message too big")
    else if (response.status !== 202) throw new Lost(`commands: ${response.status}`)
  }

  /** `begun`: what comes, comes through. */
  async #readAll(begun: () => void): Promise<void> {
    let isBegun = false
    let retries = 0
    const alive = () => {
      retries = 0
      if (isBegun) return this.#tell("alive", {})
      isBegun = true
      begun()
    }
    // What is answered and ends, nothing on the way collects.
    if (this.#reading === "poll") {
      alive()
      this.send(PONG)
    }
    while (!this.#over.signal.aborted) {
      try {
        await (this.#reading === "events" ? this.#events(alive) : this.#poll(alive))
      } catch (error) {
        if (this.#over.signal.aborted) return
        // A moment ago it was answered: what is cut now is the stream.
        if (error instanceof Blocked || (!isBegun && error instanceof TypeError)) {
          this.#leave()
          return this.#end(CUT, BLOCKED)
        }
        if (error instanceof Lost || !isBegun || retries === MAX_RETRIES) {
          return this.#end(CUT, String(error))
        }
        await sleep(FIRST_RETRY_MS * 2 ** retries++)
      }
    }
  }

  /** What `#get` asks for ends if nothing comes of it for so long. */
  #watch(ms: number): Watchdog {
    const read = new AbortController()
    const watchdog = new Watchdog(() => read.abort())
    watchdog.putOff(ms)
    this.#read = read
    return watchdog
  }

  async #get(path: string): Promise<Response> {
    const { signal } = this.#read
    const headers =
      this.#reading === "events" && this.#cursor !== "" ? { "last-event-id": this.#cursor } : {}
    const response = await this.#fetch(`${this.#url}/${this.#session}${path}`, { headers, signal })
    const { ok, status } = response
    if (status === 404 || status === 410) throw new Lost(`${status}`)
    // Weir, and what stands before it, says so where it cannot: who forbids does not know it.
    if (!ok && status < 500) throw new Blocked(`${status}`)
    if (!ok) throw new Error(`${status}`)
    return response
  }

  async #poll(alive: () => void): Promise<void> {
    const watchdog = this.#watch(this.#readLimitMs)
    try {
      const response = await this.#get(`/poll?cursor=${this.#cursor}`)
      const { cursor, frames }: PollAnswer = JSON.parse(await response.text())
      this.#cursor = cursor
      alive()
      for (const frame of frames) this.#take(JSON.stringify(frame))
    } finally {
      watchdog.stop()
    }
  }

  async #events(alive: () => void): Promise<void> {
    const watchdog = this.#watch(FIRST_WORD_MS)
    let hasSpoken = false
    try {
      const response = await this.#get("/events")
      if (!response.headers.get("content-type")?.startsWith("text/event-stream")) {
        throw new Blocked("events: another answer")
      }
      const reader = response.body!.getReader()
      const decoder = new TextDecoder()
      let rest = ""
      while (true) {
        const { done, value } = await reader.read()
        if (done) break
        hasSpoken = true
        watchdog.putOff(this.#readLimitMs)
        alive()
        const events = (rest + decoder.decode(value, { stream: true })).split("\n\n")
        rest = events.pop()!
        if (events.some((event) => event.startsWith(":"))) this.send(PONG)
        for (const event of events) this.#takeEvent(event)
      }
    } catch (error) {
      throw this.#read.signal.aborted && !hasSpoken ? new Blocked("events: nothing comes") : error
    } finally {
      watchdog.stop()
    }
    if (!hasSpoken) throw new Blocked("events: nothing came")
  }

  #takeEvent(event: string): void {
    let data: string | undefined
    for (const line of event.split("\n")) {
      if (line.startsWith("id: ")) this.#cursor = line.slice(4)
      else if (line.startsWith("data: ")) data = line.slice(6)
    }
    if (data !== undefined) this.#take(data)
  }

  #take(data: string): void {
    this.#tell("message", { data })
    if (!data.startsWith('{"type":"goaway"')) return
    const { code, closeInMs, afterMs } = JSON.parse(data).payload
    if (closeInMs > 0) return
    const hint = afterMs === undefined ? "" : `;after=${afterMs.min ?? 0}-${afterMs.max ?? 0}`
    this.#end(code, `goaway${hint}`)
  }
}

/** Whether Weir answers requests: where it does, it is there. */
export const answersRequests = async (url: string, fetch = ownFetch): Promise<boolean> => {
  try {
    // No session has this id. Who else answers has no code for that.
    const signal = AbortSignal.timeout(LOOK_MS)
    const response = await fetch(`${sessionsUrl(url)}/-/poll`, { signal })
    const answer = (await response.json()) as { readonly code?: unknown }
    return typeof answer.code === "string"
  } catch {
    return false
  }
}

/** What stands in for a WebSocket, and reads in this way. */
export const httpSocket = (reading: Reading, fetch = ownFetch): SocketConstructor =>
  class extends HttpSocket {
    constructor(url: string) {
      super(url, reading, fetch)
    }
  }
