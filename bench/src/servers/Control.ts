/**
 * Control: how our own servers are told to publish: one TCP connection from the
 * driver, and on it one message for each burst.
 *
 *     4 bytes  how long the rest is (big endian)
 *     1 byte   how long the channel's name is, then the name
 *     then, for each payload: 2 bytes how long it is (big endian), then the payload
 *
 * All payloads of a message are published in one turn, with one flush where the
 * server has a choice.
 */
import { createServer } from "node:net"

export type OnBurst = (channel: string, payloads: ReadonlyArray<Buffer>) => void

const lengthBytes = 4
const payloadLengthBytes = 2

export const encodeBurst = (channel: string, payloads: ReadonlyArray<Buffer>): Buffer => {
  const name = Buffer.from(channel)
  const size = payloads.reduce((sum, it) => sum + payloadLengthBytes + it.length, 1 + name.length)
  const bytes = Buffer.allocUnsafe(lengthBytes + size)
  bytes.writeUInt32BE(size, 0)
  bytes[lengthBytes] = name.length
  name.copy(bytes, lengthBytes + 1)
  let at = lengthBytes + 1 + name.length
  for (const payload of payloads) {
    bytes.writeUInt16BE(payload.length, at)
    payload.copy(bytes, at + payloadLengthBytes)
    at += payloadLengthBytes + payload.length
  }
  return bytes
}

const decodeBurst = (bytes: Buffer, onBurst: OnBurst): void => {
  const nameEnd = 1 + bytes[0]!
  const payloads: Array<Buffer> = []
  let at = nameEnd
  while (at < bytes.length) {
    const start = at + payloadLengthBytes
    at = start + bytes.readUInt16BE(at)
    payloads.push(bytes.subarray(start, at))
  }
  onBurst(bytes.toString("utf8", 1, nameEnd), payloads)
}

/** Gives every whole burst, however the bytes are cut. */
export class ControlReader {
  readonly #onBurst: OnBurst
  #rest: Buffer = Buffer.alloc(0)

  constructor(onBurst: OnBurst) {
    this.#onBurst = onBurst
  }

  push(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    let at = 0
    while (at + lengthBytes <= bytes.length) {
      const end = at + lengthBytes + bytes.readUInt32BE(at)
      if (end > bytes.length) break
      decodeBurst(bytes.subarray(at + lengthBytes, end), this.#onBurst)
      at = end
    }
    this.#rest = bytes.subarray(at)
  }
}

/** Listens on this port of loopback. */
export const serveControl = (port: number, onBurst: OnBurst): void => {
  createServer((socket) => {
    const reader = new ControlReader(onBurst)
    socket.setNoDelay(true)
    socket.on("data", (chunk: Buffer) => reader.push(chunk))
    socket.on("error", () => {})
  }).listen(port, "127.0.0.1")
}

/** The ports that every server of ours takes from its command line: `node X.ts PORT CONTROL`. */
export const portsOf = (args: ReadonlyArray<string>): { port: number; control: number } => ({
  port: Number(args[2]),
  control: Number(args[3])
})

/** What every server of ours prints once it listens. */
export const announce = (version: string): void =>
  console.log(JSON.stringify({ ready: true, version }))
