/**
 * HttpSocket: looks like a `WebSocket`, and is a session that reads by SSE or by long-polling:
 * so that what is asked of one transport is asked of all of them.
 *
 * A reader that is cut off comes back with its cursor.
 */
import { jsonCodec } from "./JsonClient.ts"
import type { Codec } from "./WireClient.ts"

export type Reading = "events" | "poll"

export class HttpSocket extends EventTarget {
  binaryType: WebSocket["binaryType"] = "arraybuffer"
  readyState: number = WebSocket.CONNECTING
  /** Absent until the client is connected. */
  session: string | undefined
  readonly #url: string
  readonly #reading: Reading
  readonly #ended = new AbortController()
  #cut = new AbortController()
  /** Requests are in order only one after the other. */
  #said: Promise<void> = Promise.resolve()
  #cursor = ""

  constructor(http: string, reading: Reading) {
    super()
    this.#url = `http://${http}/v1/sessions`
    this.#reading = reading
    queueMicrotask(() => {
      this.readyState = WebSocket.OPEN
      this.dispatchEvent(new Event("open"))
    })
  }

  send(message: string | Uint8Array): void {
    this.#said = this.#said
      .then(() => (this.session === undefined ? this.#connect(message) : this.#say(message)))
      .catch((error) => this.#close(1006, String(error)))
  }

  close(): void {
    if (this.session !== undefined && this.readyState === WebSocket.OPEN) {
      void this.#fetch("", { method: "DELETE" }).catch(() => {})
    }
    this.#close(1000, "")
  }

  /** As the browser does it: the reader is cut off, and nobody else is. */
  cut(): void {
    this.#cut.abort()
  }

  #fetch(path: string, init: RequestInit): Promise<Response> {
    return fetch(`${this.#url}/${this.session}${path}`, init)
  }

  #message(text: string): void {
    if (this.readyState !== WebSocket.OPEN) return
    this.dispatchEvent(new MessageEvent("message", { data: text }))
    const { payload, type } = JSON.parse(text)
    if (type === "goaway" && !payload.closeInMs) this.#close(payload.code, "goaway")
  }

  #close(code: number, reason: string): void {
    if (this.readyState === WebSocket.CLOSED) return
    this.readyState = WebSocket.CLOSED
    this.#ended.abort()
    this.dispatchEvent(new CloseEvent("close", { code, reason }))
  }

  async #connect(message: string | Uint8Array): Promise<void> {
    const response = await fetch(this.#url, { method: "POST", body: Buffer.from(message) })
    const text = await response.text()
    const answer = JSON.parse(text)
    if (answer.type === undefined) return this.#close(answer.code, answer.reason ?? answer.message)
    this.session = answer.payload.session
    this.#message(text)
    if (response.ok) void this.#read().catch((error) => this.#close(1006, String(error)))
  }

  async #say(message: string | Uint8Array): Promise<void> {
    const response = await this.#fetch("/commands", {
      method: "POST",
      body: Buffer.from(message)
    })
    if (response.status !== 202) throw new Error(`commands: ${response.status}`)
  }

  async #read(): Promise<void> {
    while (this.readyState === WebSocket.OPEN) {
      this.#cut = new AbortController()
      const signal = AbortSignal.any([this.#cut.signal, this.#ended.signal])
      const read = this.#reading === "events" ? this.#events(signal) : this.#poll(signal)
      await read.catch((error) => {
        if (!signal.aborted && !(error instanceof TypeError)) throw error
      })
    }
  }

  async #poll(signal: AbortSignal): Promise<void> {
    const response = await this.#fetch(`/poll?cursor=${this.#cursor}`, { signal })
    if (!response.ok) throw new Error(`poll: ${response.status}`)
    const { cursor, frames } = (await response.json()) as {
      readonly cursor: string
      readonly frames: ReadonlyArray<object>
    }
    this.#cursor = cursor
    for (const frame of frames) this.#message(JSON.stringify(frame))
  }

  async #events(signal: AbortSignal): Promise<void> {
    const headers = this.#cursor === "" ? {} : { "last-event-id": this.#cursor }
    const response = await this.#fetch("/events", { headers, signal })
    if (!response.ok) throw new Error(`events: ${response.status}`)
    let rest = ""
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      const events = (rest + chunk).split("\n\n")
      rest = events.pop()!
      for (const event of events) {
        const field = (name: string) =>
          event
            .split("\n")
            .find((line) => line.startsWith(`${name}: `))
            ?.slice(name.length + 2)
        this.#cursor = field("id") ?? this.#cursor
        const data = field("data")
        if (data !== undefined) this.#message(data)
      }
    }
  }
}

export const sseCodec: Codec = { ...jsonCodec, open: (http) => new HttpSocket(http, "events") }

export const pollCodec: Codec = { ...jsonCodec, open: (http) => new HttpSocket(http, "poll") }

/** Each way in which JSON goes. */
export const jsonTransports = [
  ["WebSocket", jsonCodec],
  ["SSE", sseCodec],
  ["long-polling", pollCodec]
] as const
