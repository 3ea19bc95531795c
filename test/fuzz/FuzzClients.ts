/**
 * FuzzClients: connections that send fuzzed messages, many at a time, and look at every
 * answer.
 */
import type { Random } from "../faults/Random.ts"
import { jsonCodec } from "../harness/JsonClient.ts"
import { protoCodec } from "../harness/ProtoClient.ts"
import type { Codec, Frame, Message } from "../harness/WireClient.ts"
import { type Encoding, fuzzedMessage } from "./Frames.ts"

export interface FuzzClientsOptions {
  readonly http: string
  readonly token: string
  readonly random: Random
  /** Messages to send, all connections together. */
  readonly count: number
  readonly onProgress: (sent: number) => void
}

const codecs: { readonly [encoding in Encoding]: Codec } = { json: jsonCodec, proto: protoCodec }

const atOnce = 16
const messagesOfOne = 40
/** No fuzzed frame has it, but by a chance of one to two billions. */
const pingId = 2 ** 31 - 1
const patienceMs = 30_000

/** A connection that waits for events and for nothing else: there are thousands of them. */
class FuzzClient {
  readonly frames: Array<Frame> = []
  readonly #socket: WebSocket
  readonly #codec: Codec
  closeCode: number | undefined
  #wake = (): void => {}

  constructor(http: string, codec: Codec) {
    this.#codec = codec
    this.#socket = new WebSocket(`ws://${http}/v1/ws`, codec.protocol)
    this.#socket.binaryType = "arraybuffer"
    this.#socket.addEventListener("open", () => this.#wake())
    this.#socket.addEventListener("message", ({ data }) => {
      const message: Message = typeof data === "string" ? data : new Uint8Array(data)
      this.frames.push(...codec.decode(message))
      this.#wake()
    })
    this.#socket.addEventListener("close", ({ code }) => {
      this.closeCode = code
      this.#wake()
    })
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN
  }

  async until(what: string, holds: () => boolean): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`not in ${patienceMs} ms: ${what}`)), patienceMs)
    })
    while (!holds()) {
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      await Promise.race([woken, late])
    }
    clearTimeout(timer)
    late.catch(() => {})
  }

  async opened(): Promise<void> {
    await this.until("it is open", () => this.isOpen || this.closeCode !== undefined)
  }

  say(type: string, payload: object, id: number): void {
    this.send(this.#codec.encode([{ type, id, payload }]))
  }

  send(message: Message): void {
    this.#socket.send(message)
  }

  /** Everything that was sent has been looked at: a ping is answered, or the connection is over. */
  async answered(): Promise<void> {
    if (!this.isOpen) return
    const isPong = ({ id }: Frame) => id === pingId
    this.say("ping", {}, pingId)
    await this.until("a ping is answered", () => !this.isOpen || this.frames.some(isPong))
    const pong = this.frames.findIndex(isPong)
    if (pong >= 0) this.frames.splice(pong, 1)
  }

  async close(): Promise<void> {
    if (this.isOpen) this.#socket.close()
    await this.until("it is closed", () => this.closeCode !== undefined)
  }
}

/** The answer that says that something in Weir is wrong. */
const suspicious = ({ payload, type }: Frame) => type === "error" && payload.code === "internal"

/** How often each answer came; throws at one that should not be. */
export const runFuzzClients = async (options: FuzzClientsOptions): Promise<Map<string, number>> => {
  const { count, http, onProgress, random, token } = options
  const seen = new Map<string, number>()
  const note = (what: string) => void seen.set(what, (seen.get(what) ?? 0) + 1)
  let sent = 0

  const one = async (own: Random) => {
    const encoding = own.pick<Encoding>(["json", "proto"])
    const client = new FuzzClient(http, codecs[encoding])
    await client.opened()
    // Some say nonsense before they say who they are.
    if (own.next() < 0.95) {
      client.say("connect", { token, versions: ["1"] }, 1)
      await client.until("it is connected", () => client.frames.length > 0 || !client.isOpen)
    }
    for (let left = messagesOfOne; left > 0 && client.isOpen && sent < count; left--) {
      client.send(fuzzedMessage(own, encoding))
      sent++
      // Now and then it listens before it goes on, so that a close is noticed.
      if (left % 4 === 0) await client.answered()
    }
    await client.answered()
    for (const frame of client.frames) {
      if (suspicious(frame)) throw new Error(`an answer: ${JSON.stringify(frame)}`)
      note(frame.type === "error" ? `error ${frame.payload.code}` : frame.type)
    }
    await client.close()
    note(`closed ${client.closeCode}`)
    onProgress(sent)
  }

  const worker = async (own: Random) => {
    while (sent < count) await one(own.fork())
  }
  await Promise.all(Array.from({ length: atOnce }, () => worker(random.fork())))
  return seen
}
