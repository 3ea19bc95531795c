/**
 * RawSocket: a TCP connection that writes exactly the bytes it is told to, and tells exactly
 * what came: the head of an HTTP response, then WebSocket frames.
 *
 * Holds the server to what RFC 6455 asks of its frames, and answers nothing but a close.
 */
import { EventEmitter, once } from "node:events"
import { connect, type Socket } from "node:net"
import { setImmediate } from "node:timers/promises"
import { constants, inflateRawSync } from "node:zlib"
import { close, deflateTail, opcodes } from "./RawFrame.ts"

export interface ServerFrame {
  readonly opcode: number
  /** Inflated, if it came compressed. */
  readonly payload: Buffer
  readonly isCompressed: boolean
}

export interface ResponseHead {
  readonly status: number
  /** By names in lower case. */
  readonly headers: Readonly<Record<string, string>>
}

const limitMs = 15_000
const endOfHead = "\r\n\r\n"
const rsv1 = 0x40

const inflated = (payload: Buffer): Buffer =>
  inflateRawSync(Buffer.concat([payload, deflateTail]), { finishFlush: constants.Z_SYNC_FLUSH })

const headOf = (text: string): ResponseHead => {
  const [statusLine = "", ...lines] = text.split("\r\n")
  return {
    status: Number(statusLine.split(" ")[1]),
    headers: Object.fromEntries(
      lines.map((line) => {
        const [name = "", ...value] = line.split(":")
        return [name.toLowerCase(), value.join(":").trim()]
      })
    )
  }
}

export class RawSocket {
  /** Absent until it has come. */
  head: ResponseHead | undefined
  readonly frames: Array<ServerFrame> = []
  hasEnded = false
  /** The server's mistakes. */
  readonly faults: Array<string> = []
  readonly #socket: Socket
  readonly #news = new EventEmitter()
  #rest: Buffer = Buffer.alloc(0)

  /** `localAddress`: what the server's limits count it by. */
  constructor(http: string, localAddress: string) {
    const [host, port] = http.split(":")
    this.#socket = connect({ host: host!, port: Number(port), localAddress, noDelay: true })
    this.#socket.on("data", (chunk: Buffer) => {
      this.#rest = Buffer.concat([this.#rest, chunk])
      this.#read()
      this.#news.emit("news")
    })
    // A connection that is cut: what it means, the case says.
    this.#socket.on("error", () => {})
    this.#socket.on("close", () => {
      this.hasEnded = true
      this.#news.emit("news")
    })
  }

  /** What is left of the body, where the response is no upgrade. */
  get body(): string {
    return this.#rest.toString()
  }

  get closeFrame(): ServerFrame | undefined {
    return this.frames.find(({ opcode }) => opcode === opcodes.close)
  }

  get #agreedToDeflate(): boolean {
    return this.head?.headers["sec-websocket-extensions"] !== undefined
  }

  #read(): void {
    if (this.head === undefined) {
      const end = this.#rest.indexOf(endOfHead)
      if (end === -1) return
      this.head = headOf(this.#rest.toString("latin1", 0, end))
      this.#rest = this.#rest.subarray(end + endOfHead.length)
    }
    if (this.head.status === 101) while (this.#readFrame());
  }

  #readFrame(): boolean {
    const bytes = this.#rest
    if (bytes.length < 2) return false
    const short = bytes[1]! & 0x7f
    const header = short < 126 ? 2 : short === 126 ? 4 : 10
    if (bytes.length < header) return false
    const length =
      header === 2 ? short : header === 4 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2))
    if (bytes.length < header + length) return false
    this.#rest = bytes.subarray(header + length)
    const payload = bytes.subarray(header, header + length)
    this.#judge(bytes, header, payload)
    const opcode = bytes[0]! & 0x0f
    const isCompressed = this.#agreedToDeflate && (bytes[0]! & rsv1) !== 0
    this.frames.push({ opcode, payload: isCompressed ? inflated(payload) : payload, isCompressed })
    if (opcode === opcodes.close) this.#agree(payload)
    return true
  }

  /** Only an ending of Weir's waits for our word; else the server ends TCP by itself (§7.1.1). */
  #agree(payload: Buffer): void {
    const code = payload.length < 2 ? 0 : payload.readUInt16BE(0)
    if (code >= 3_000) this.#socket.end(close(code))
  }

  #judge(bytes: Buffer, header: number, { length }: Buffer): void {
    const opcode = bytes[0]! & 0x0f
    const isControl = opcode >= 8
    const minimal = length < 126 ? 2 : length < 65_536 ? 4 : 10
    const check = (isRight: boolean, fault: string) => void (isRight || this.faults.push(fault))
    check((bytes[0]! & 0x80) !== 0, "a message in several frames")
    const extended = this.#agreedToDeflate && !isControl ? rsv1 : 0
    check((bytes[0]! & 0x70 & ~extended) === 0, "a reserved bit (§5.2)")
    check((bytes[1]! & 0x80) === 0, "a mask (§5.1)")
    check(header === minimal, "a length in more bytes than it needs (§5.2)")
    check([1, 2, 8, 9, 10].includes(opcode), `the opcode ${opcode} (§5.2)`)
    check(!isControl || length <= 125, "a long control frame (§5.5)")
    check(this.closeFrame === undefined, `a frame after the close, opcode ${opcode} (§5.5.1)`)
  }

  /** Written by itself: the server may read it before what is written next. */
  async write(bytes: Uint8Array | string): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#socket.write(bytes, () => resolve())
    })
    await setImmediate()
  }

  /** Reads nothing from now on. */
  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  /** Says that nothing more comes. */
  end(): void {
    this.#socket.end()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  /** Fails if it is not so in time, or can no longer be. */
  async until(what: string, check: () => boolean): Promise<void> {
    const signal = AbortSignal.timeout(limitMs)
    while (!check()) {
      if (this.hasEnded) throw new Error(`the connection has ended, and never ${what}`)
      await once(this.#news, "news", { signal }).catch(() => {
        throw new Error(`${limitMs} ms, and never ${what}`)
      })
    }
  }
}
