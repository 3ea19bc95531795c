/**
 * Case: a row of the table: what a client sends, as bytes, and what it has to get.
 */
import { text } from "./RawFrame.ts"

/** Bytes that are written by themselves, or a wait until all that is expected has come. */
export type Step = Uint8Array | "answered" | "end"

export interface Case {
  readonly title: string
  /** Of RFC 6455, unless it says another source. */
  readonly section: string
  /**
   * Unless it is said: `connected` where an answer is expected; what ends with a frame does so
   * whoever sent it. `echo`: subscribed to `echoChannel`, too.
   */
  readonly from?: "opened" | "connected" | "echo"
  readonly format?: "json" | "proto"
  /** Extensions that the handshake offers. */
  readonly offers?: string
  readonly sends: ReadonlyArray<Step>
  /** Weir's messages, in order, in short; "any" where there may be some or not. */
  readonly answers?: ReadonlyArray<string> | "any"
  /** Payloads of the WebSocket's own pongs, in order, in hex; "any": as above. */
  readonly pongs?: ReadonlyArray<string> | "any"
  /** The close frame that comes: code and reason; "cut": none. Without it the connection is as good as before. */
  readonly ends?: string
  /** What RFC 6455 would have otherwise, or leaves open, and why this is right here. */
  readonly nonStrict?: string
}

export interface Family {
  readonly name: string
  readonly cases: ReadonlyArray<Case>
}

export const echoChannel = "live:echo"

const envelope = '{"type":"ping","id":7}'

/** A request of Weir's that is answered with `pong 7`: the echo of these tests. */
export const pingEnvelope = (): Buffer => Buffer.from(envelope)

/** The same with so many bytes. */
export const pingEnvelopeOf = (bytes: number): Buffer => Buffer.from(envelope.padEnd(bytes))

/** The same with these bytes inside, in a field that nobody reads. */
export const pingEnvelopeWith = (bytes: Uint8Array): Buffer =>
  Buffer.concat([Buffer.from('{"type":"ping","id":7,"x":"'), bytes, Buffer.from('"}')])

/** A publication that comes back as `publication` with the same text. */
export const echoEnvelope = (said: Uint8Array | string): Buffer =>
  Buffer.concat([
    Buffer.from(
      `{"type":"publish","id":8,"payload":{"channel":"${echoChannel}","encoding":"text","data":"`
    ),
    Buffer.from(said),
    Buffer.from('"}}')
  ])

/** Sent after something that must leave the connection as it is. */
export const stillThere: ReadonlyArray<Step> = [text(pingEnvelope())]

export const hex = (payload: Uint8Array | string): string => Buffer.from(payload).toString("hex")

export const range = (count: number, from = 0): ReadonlyArray<number> =>
  Array.from({ length: count }, (_, index) => from + index)
