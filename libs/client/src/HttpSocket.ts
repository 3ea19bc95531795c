/**
 * HttpSocket: looks like a WebSocket, where none passes: it reads by server-sent events or by
 * long-polling, and sends by requests (docs/protocol.md, "Without WebSocket").
 *
 * A reader that is cut off goes on from its cursor; a session that is lost ends as a WebSocket
 * does that was cut, and the client resumes on the next one.
 */
import type { SocketEvent, SocketLike } from "./Connection.ts"
import { CUT, TOO_BIG } from "./Ending.ts"

interface PollAnswer {
  readonly cursor: string
  readonly frames: ReadonlyArray<object>
}

type Reading = "events" | "poll"

// The server takes as many envelopes in one request, and 64 KiB.
const MAX_ENVELOPES = 64
const MAX_CHARACTERS = 32_768
const FIRST_RETRY_MS = 200
const MAX_RETRIES = 4
// Weir says something at once. Where that does not come through, something collects it.
const FIRST_WORD_MS = 5_000
// A poll is answered after 25 s, and a stream says something as often.
const READ_LIMIT_MS = 40_000

// Says that this client lives, whenever it is asked by a comment, and that it will say so: from
// the first one on the server takes its silence for its end. A poll says as much by itself.
const PONG = '{"type":"pong","payload":{}}'

/** The session is not there any more: to ask again is in vain. */
class Lost extends Error {}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** Aborts unless it is put off in time. */
class Watchdog {
  readonly #abort: () => void
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(abort: () => void) {
    this.#abort = abort
  }

  putOff(ms: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(this.#abort, ms)
  }

  stop(): void {
    clearTimeout(this.#timer)
  }
}

class HttpSocket implements SocketLike {
  readonly #url: string
  readonly #reading: Reading
  readonly #listeners = new Map<string, (event: SocketEvent) => void>()
  readonly #over = new AbortController()
  #session: string | undefined
  #cursor = ""
  #outgoing: Array<string> = []
  #isSending = false

  /** `url`: of the WebSocket that it stands for. */
  constructor(url: string, reading: Reading) {
    this.#url = url.replace(/^ws/, "http").replace(/\/ws$/, "/sessions")
    this.#reading = reading
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
    if (this.#session !== undefined && !this.#over.signal.aborted) {
      // Not waited for: without it the session ends by itself.
      fetch(`${this.#url}/${this.#session}`, { method: "DELETE", keepalive: true }).catch(() => {})
    }
    this.#end(1000, "")
  }

  #tell(type: string, event: Omit<SocketEvent, "type">): void {
    if (!this.#over.signal.aborted || type === "close") {
      this.#listeners.get(type)?.({ type, ...event })
    }
  }

  #end(code: number, reason: string): void {
    if (this.#over.signal.aborted) return
    this.#over.abort()
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
    const signal = this.#over.signal
    const response = await fetch(this.#url, { method: "POST", body: message, signal })
    const text = await response.text()
    const answer = JSON.parse(text)
    if (answer.type === "connected") {
      this.#session = answer.payload.session
      void this.#readAll(() => this.#tell("message", { data: text }))
    } else if (answer.type === "error") {
      this.#tell("message", { data: text })
    } else if (typeof answer.code === "number") {
      this.#end(answer.code, answer.reason)
    } else {
      const { id } = JSON.parse(message)
      this.#tell("message", { data: JSON.stringify({ type: "error", id, payload: answer }) })
    }
  }

  async #command(session: string, body: string): Promise<void> {
    const signal = this.#over.signal
    const response = await fetch(`${this.#url}/${session}/commands`, {
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
        if (error instanceof Lost || !isBegun || retries === MAX_RETRIES) {
          return this.#end(CUT, String(error))
        }
        await sleep(FIRST_RETRY_MS * 2 ** retries++)
      }
    }
  }

  async #get(path: string, signal: AbortSignal): Promise<Response> {
    const headers =
      this.#reading === "events" && this.#cursor !== "" ? { "last-event-id": this.#cursor } : {}
    const response = await fetch(`${this.#url}/${this.#session}${path}`, { headers, signal })
    if (response.status === 404 || response.status === 410) throw new Lost(`${response.status}`)
    if (!response.ok) throw new Error(`${response.status}`)
    return response
  }

  async #poll(alive: () => void): Promise<void> {
    const limit = AbortSignal.timeout(READ_LIMIT_MS)
    const signal = AbortSignal.any([this.#over.signal, limit])
    const response = await this.#get(`/poll?cursor=${this.#cursor}`, signal)
    const { cursor, frames }: PollAnswer = JSON.parse(await response.text())
    this.#cursor = cursor
    alive()
    for (const frame of frames) this.#take(JSON.stringify(frame))
  }

  async #events(alive: () => void): Promise<void> {
    const stuck = new AbortController()
    const watchdog = new Watchdog(() => stuck.abort())
    watchdog.putOff(FIRST_WORD_MS)
    try {
      const signal = AbortSignal.any([this.#over.signal, stuck.signal])
      const response = await this.#get("/events", signal)
      const reader = response.body!.getReader()
      const decoder = new TextDecoder()
      let rest = ""
      while (true) {
        const { done, value } = await reader.read()
        if (done) return
        watchdog.putOff(READ_LIMIT_MS)
        alive()
        const events = (rest + decoder.decode(value, { stream: true })).split("\n\n")
        rest = events.pop()!
        if (events.some((event) => event.startsWith(":"))) this.send(PONG)
        for (const event of events) this.#takeEvent(event)
      }
    } finally {
      watchdog.stop()
    }
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

export class EventsSocket extends HttpSocket {
  constructor(url: string) {
    super(url, "events")
  }
}

export class PollSocket extends HttpSocket {
  constructor(url: string) {
    super(url, "poll")
  }
}
