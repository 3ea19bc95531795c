/**
 * WireSubscriber: a careful client of the protocol over a bare WebSocket; what comes
 * as frames.
 */
import type { Position } from "@weir/core/Position"
import { digest, now } from "../history/History.ts"
import { clientSocket } from "./ClientSocket.ts"
import type { Crew, SubscribingMember } from "./Crew.ts"

const retryMs = 200
/** Above the server's heartbeat. */
const silenceMs = 33_000

// biome-ignore lint/suspicious/noExplicitAny: whatever the wire brings
type Payload = any

interface Frame {
  readonly type: string
  readonly id?: number
  readonly payload: Payload
}

class WireSubscriber implements SubscribingMember {
  readonly name: string
  readonly channels: ReadonlyArray<string>
  readonly #crew: Crew
  readonly #positions = new Map<string, Position>()
  /** The channels that requests ask for, by their id. */
  readonly #asked = new Map<number, string>()
  readonly #since = new Map<string, Position | undefined>()
  readonly #Socket: ReturnType<typeof clientSocket>["Socket"]
  readonly #timers = new Set<NodeJS.Timeout>()
  readonly cut: () => boolean
  #socket: InstanceType<ReturnType<typeof clientSocket>["Socket"]> | undefined
  /** Proves who we are without a question to the auth service. */
  #ticket: string | undefined
  #isConnected = false
  #lastId = 1
  #isClosed = false

  constructor(
    crew: Crew,
    name: string,
    channels: ReadonlyArray<string>,
    onClosed: (byUs: boolean) => void
  ) {
    this.#crew = crew
    this.name = name
    this.channels = channels
    const random = crew.random.fork()
    const { cut, Socket } = clientSocket({
      address: () => random.pick(crew.connectors()),
      onClosed: (code, byUs) => {
        crew.record({ t: now(), type: "close", subscriber: name, code })
        // One that was refused is none that was lost, and its ticket may be why.
        if (this.#isConnected) onClosed(byUs)
        else this.#ticket = undefined
        this.#isConnected = false
      }
    })
    this.cut = cut
    this.#Socket = Socket
    this.#open()
  }

  position(channel: string) {
    return this.#positions.get(channel)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    for (const timer of this.#timers) clearTimeout(timer)
    this.#socket?.terminate()
  }

  #after(ms: number, act: () => void) {
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      act()
    }, ms)
    this.#timers.add(timer)
  }

  #open() {
    if (this.#isClosed) return
    const socket = new this.#Socket("", "weir.v1.json")
    this.#socket = socket
    let heard = setTimeout(() => socket.terminate(), silenceMs)
    socket.on("open", () => {
      this.#asked.clear()
      const connect = {
        ...(this.#ticket === undefined
          ? { token: this.#crew.token("reader") }
          : { ticket: this.#ticket }),
        versions: ["1"],
        batch: true,
        subscriptions: this.channels.map((channel) => this.#ask(channel))
      }
      socket.send(JSON.stringify({ type: "connect", id: 1, payload: connect }))
    })
    socket.on("message", (data) => {
      clearTimeout(heard)
      heard = setTimeout(() => socket.terminate(), silenceMs)
      for (const frame of [JSON.parse(String(data))].flat()) this.#take(frame)
    })
    socket.on("error", () => {})
    socket.on("close", () => {
      clearTimeout(heard)
      this.#after(retryMs, () => this.#open())
    })
  }

  #ask(channel: string): object {
    const since = this.#positions.get(channel)
    const more = since === undefined ? {} : { since }
    this.#since.set(channel, since)
    const who = { subscriber: this.name, channel, ...more }
    this.#crew.record({ t: now(), type: "subscribe", phase: "invoke", ...who })
    return { channel, ...more }
  }

  #askAgain(channel: string, { code, message, retryAfterMs = 0 }: Payload) {
    if (code !== "unavailable" && code !== "timeout" && code !== "too_many_requests") {
      this.#crew.complain(`${this.name}, ${channel}: ${code} ${message}`)
    }
    const socket = this.#socket
    this.#after(retryAfterMs || retryMs, () => {
      if (this.#socket !== socket) return
      const id = ++this.#lastId
      this.#asked.set(id, channel)
      socket?.send(JSON.stringify({ type: "subscribe", id, payload: this.#ask(channel) }))
    })
  }

  #take({ id, payload, type }: Frame) {
    switch (type) {
      case "connected":
        this.#ticket = payload.ticket
        this.#isConnected = true
        ;(payload.subscriptions ?? []).forEach((result: Payload, index: number) => {
          if (result.subscribed !== undefined) this.#subscribed(result.subscribed)
          else this.#askAgain(this.channels[index]!, result.error)
        })
        return
      case "subscribed":
        this.#asked.delete(id!)
        return this.#subscribed(payload)
      case "publication":
        return this.#delivered(payload)
      case "gap":
        return this.#gap(payload)
      case "ping":
        return this.#socket?.send(JSON.stringify({ type: "pong", id, payload: {} }))
      case "unsubscribed":
        return this.#askAgain(payload.channel, { code: payload.reason, message: "unsubscribed" })
      case "error": {
        const channel = id === undefined ? undefined : this.#asked.get(id)
        if (channel !== undefined) return this.#askAgain(channel, payload)
        if (id === 1) return this.#socket?.terminate()
        this.#crew.complain(`${this.name}: ${payload.code} ${payload.message}`)
      }
    }
  }

  #subscribed({ channel, next, position, reason = "", recovered = false }: Payload) {
    const since = this.#since.get(channel)
    this.#crew.record({
      ...{ t: now(), type: "subscribe", phase: "ok", subscriber: this.name, channel },
      ...{ position, recovered, next },
      ...(reason === "" ? {} : { reason }),
      ...(since === undefined ? {} : { since })
    })
    const before = this.#positions.get(channel)
    // Our own position keeps the term of its entry, which the head's need not be.
    if (before?.epoch === position.epoch && before?.offset === next - 1) return
    const isLost = reason === "epoch_changed" || reason === "rolled_back"
    this.#positions.set(channel, isLost ? position : { ...position, offset: next - 1 })
  }

  #delivered({ channel, data, messageId = "", position, publisher = "" }: Payload) {
    this.#crew.record({
      ...{ t: now(), type: "deliver", subscriber: this.name, channel, position, publisher },
      ...{ messageId, sha: digest(typeof data === "string" ? data : JSON.stringify(data)) },
      via: "wire"
    })
    const before = this.#positions.get(channel)
    const isRepeat = before?.epoch === position.epoch && position.offset <= before!.offset
    if (!isRepeat) this.#positions.set(channel, position)
  }

  #gap({ channel, from, position, reason, to }: Payload) {
    this.#crew.record({
      ...{ t: now(), type: "gap", subscriber: this.name, channel, reason, position },
      ...(from === undefined ? {} : { from }),
      ...(to === undefined ? {} : { to })
    })
    this.#positions.set(channel, position)
  }
}

export const startWireSubscriber = (
  crew: Crew,
  name: string,
  channels: ReadonlyArray<string>,
  onClosed: (byUs: boolean) => void
): SubscribingMember => new WireSubscriber(crew, name, channels, onClosed)
