/**
 * RoomClient: a bare WebSocket client that keeps all it was given, for tests of
 * what many clients see.
 */
import { waitUntil } from "./waitUntil.ts"

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
  #lastId = 0

  constructor(http: string) {
    this.#socket = new WebSocket(`ws://${http}/v1/ws`, ["weir.v1.json"])
    this.#socket.onmessage = ({ data }) => this.#receive(JSON.parse(data))
    this.#socket.onclose = ({ code, reason }) => {
      this.closed = { code, reason }
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
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN
  }

  send(type: string, payload: unknown, id?: number): void {
    this.#socket.send(JSON.stringify({ type, id, payload }))
  }

  /** Asks, and gives the answer's frame. */
  async ask(type: string, payload: unknown): Promise<Frame> {
    const id = ++this.#lastId
    this.send(type, payload, id)
    return waitUntil(`${type} is answered`, () => {
      if (this.closed !== undefined) throw new Error(`closed: ${JSON.stringify(this.closed)}`)
      return this.frames.find((frame) => frame.id === id)
    })
  }

  async connect(token: string): Promise<Frame> {
    await waitUntil("the socket is open", () => this.isOpen)
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
