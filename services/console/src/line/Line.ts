/**
 * Line: all that this tab has with Weir: one client, the network that it goes through, and the
 * journal of what happened to them.
 */
import type { Codec } from "@weir/client/Codec"
import type { Position, ServerEnvelope } from "@weir/client/Envelope"
import { jsonCodec } from "@weir/client/JsonCodec"
import { type Observable, Observed } from "@weir/client/Observable"
import { ALL_TRANSPORTS } from "@weir/client/Transports"
import { WeirClient } from "@weir/client/WeirClient"
import { Feeder } from "../chart/Feeder.ts"
import { devToken } from "../devToken.ts"
import { emptyJournal, isReplay, type Journal, type JournalEvent, journalAfter } from "./Journal.ts"
import { Network } from "./Network.ts"

export class Line {
  readonly name: string
  readonly client: WeirClient
  readonly feeder: Feeder
  readonly network = new Network(WebSocket)
  readonly #shown = new Observed<Journal>(emptyJournal)
  #journal = emptyJournal

  constructor(name: string) {
    this.name = name
    this.client = new WeirClient({
      url: "/v1/ws",
      name: "weir-console/0.1.0",
      token: () => devToken(name),
      codec: tapped(jsonCodec, (frame) => this.#note({ type: "frame", frame })),
      webSocket: this.network.webSocket,
      fetch: this.network.fetch,
      transports: ALL_TRANSPORTS,
      onState: (state) => {
        const failure = this.client.failure?.message
        this.#note({ type: "state", state, ...(failure && { failure }) })
      }
    })
    this.feeder = new Feeder(this.client)
  }

  get journal(): Observable<Journal> {
    return this.#shown
  }

  /** Was this published while the line was lost? To be asked when it comes. */
  isReplay(channel: string, position: Position): boolean {
    return isReplay(this.#journal, channel, position)
  }

  cut(): void {
    this.#note({ type: "cut" })
    this.network.cut()
  }

  restore(): void {
    this.network.restore()
    this.#note({ type: "restored" })
    if (this.client.state === "waiting") this.client.connect()
  }

  close(): void {
    this.feeder.stop()
    void this.client.close()
  }

  #note(event: JournalEvent): void {
    const before = this.#journal
    this.#journal = journalAfter(before, event, Date.now())
    // One message may hold many frames: they are shown as one change.
    if (this.#journal !== before) queueMicrotask(() => this.#shown.set(this.#journal))
  }
}

/** Lets somebody see each frame before the client takes it. */
const tapped = (codec: Codec, hear: (frame: ServerEnvelope) => void): Codec => ({
  ...codec,
  read: (message) => {
    const frames = codec.read(message)
    frames.forEach(hear)
    return frames
  }
})
