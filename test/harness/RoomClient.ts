/**
 * RoomClient: a bare WebSocket client that keeps all it was given, for tests of
 * what many clients see.
 */
import { once } from "node:events"

export interface Position {
  readonly epoch: string
  readonly term: number
  readonly offset: number
}

interface Frame {
  readonly type: string
  readonly id?: number
  // biome-ignore lint/suspicious/noExplicitAny: whatever the server sent
  readonly payload: any
}

export class RoomClient {
  readonly frames: Array<Frame> = []
  /** Of every publication received, in the order of arrival. */
  readonly offsets: Array<number> = []
  last: Position | undefined
  closed: { readonly code: number; readonly reason: string } | undefined
  readonly #socket: WebSocket
  /** By the request's id. */
  readonly #answers = new Map<number, PromiseWithResolvers<Frame>>()
  #lastId = 0

  constructor(http: string) {
    this.#socket = new WebSocket(`ws://${http}/v1/ws`, ["weir.v1.json"])
    this.#socket.onmessage = ({ data }) => this.#receive(JSON.parse(data))
    this.#socket.onclose = ({ code, reason }) => {
      this.closed = { code, reason }
      const ended = new Error(`closed: ${JSON.stringify(this.closed)}`)
      for (const { reject } of this.#answers.values()) reject(ended)
    }
  }

  #receive(frame: Frame): void {
    if (frame.type === "ping") return this.send("pong", {})
    if (frame.type === "publication") {
      this.offsets.push(frame.payload.position.offset)
      this.last = frame.payload.position
      return
    }
    this.frames.push(frame)
    this.#answers.get(frame.id ?? 0)?.resolve(frame)
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN
  }

  send(type: string, payload: unknown, id?: number): void {
    this.#socket.send(JSON.stringify({ type, id, payload }))
  }

  /** Asks, and gives the answer's frame. */
  async ask(type: string, payload: unknown): Promise<Frame> {
    if (this.closed !== undefined) throw new Error(`closed: ${JSON.stringify(this.closed)}`)
    const id = ++this.#lastId
    const answer = Promise.withResolvers<Frame>()
    this.#answers.set(id, answer)
    this.send(type, payload, id)
    return answer.promise.finally(() => this.#answers.delete(id))
  }

  async connect(token: string): Promise<Frame> {
    if (!this.isOpen) await once(this.#socket, "open")
    return this.ask("connect", { token, versions: ["1"] })
  }

  close(): void {
    this.#socket.close()
  }
}

/** Connected and subscribed. */
export const join = async (
  http: string,
  token: string,
  subscribe: {
    readonly channel: string
    readonly since?: Position
    readonly maxRateMs?: number
    readonly member?: unknown
    readonly presence?: boolean
  }
): Promise<{ readonly client: RoomClient; readonly subscribed: Frame["payload"] }> => {
  const client = new RoomClient(http)
  await client.connect(token)
  const { payload, type } = await client.ask("subscribe", subscribe)
  if (type !== "subscribed") throw new Error(JSON.stringify(payload))
  return { client, subscribed: payload }
}
