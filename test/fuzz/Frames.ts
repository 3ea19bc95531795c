/**
 * Frames: what clients might send, from well-formed to nonsense, in either encoding.
 */
import type { Random } from "../faults/Random.ts"
import { concat, encodeFrame, toRecord } from "../harness/ProtoClient.ts"
import type { Message } from "../harness/WireClient.ts"
import { mutateBytes, mutateValue, oddValue } from "./Mutations.ts"

export type Encoding = "json" | "proto"

/** All that the fuzzing client may use: what it makes up by chance it may not. */
export const fuzzedChannels = ["chat:fuzz-1", "chat:fuzz-2", "live:fuzz", "state:fuzz"]

const position = (random: Random) => ({
  epoch: random.pick(["", "k3f9", "x"]),
  term: random.below(2 ** 30),
  offset: random.below(100)
})

const content = (random: Random, encoding: Encoding): object => {
  const bytes = Buffer.from(Array.from({ length: random.below(64) }, () => random.below(256)))
  const json = encoding === "json"
  switch (random.below(3)) {
    case 0:
      return { data: json ? { n: random.below(1_000) } : Buffer.from(`{"n":1}`) }
    case 1:
      return json
        ? { data: "text", encoding: "text" }
        : { data: Buffer.from("text"), contentType: "text/plain" }
    default:
      return json
        ? { data: bytes.toString("base64"), encoding: "base64" }
        : { data: bytes, contentType: "application/octet-stream" }
  }
}

const makers: Readonly<Record<string, (random: Random, encoding: Encoding) => object>> = {
  connect: () => ({ token: "a.b.c", versions: ["1"] }),
  subscribe: (random, encoding) => ({
    channel: random.pick(fuzzedChannels),
    ...random.pick<object>([
      {},
      { since: position(random) },
      { rewind: { last: random.below(20) } },
      { presence: true, member: content(random, encoding) },
      { maxRateMs: random.below(100) }
    ])
  }),
  unsubscribe: (random) => ({ channel: random.pick(fuzzedChannels) }),
  publish: (random, encoding) => ({
    channel: random.pick(fuzzedChannels),
    messageId: `m-${random.below(50)}`,
    ...content(random, encoding)
  }),
  signal: (random, encoding) => ({
    channel: random.pick(fuzzedChannels),
    ...content(random, encoding)
  }),
  history: (random) => ({
    channel: random.pick(fuzzedChannels),
    after: random.below(50),
    limit: random.below(20),
    reverse: random.next() < 0.5
  }),
  presence: (random) => ({
    channel: random.pick(fuzzedChannels),
    counts: random.next() < 0.5,
    limit: random.below(20)
  }),
  refresh: () => ({ token: "a.b.c" }),
  rpc: (random, encoding) => ({ method: "m", ...content(random, encoding) }),
  ping: () => ({}),
  pong: () => ({})
}

const wellFormed = (random: Random, encoding: Encoding) => {
  const type = random.pick(Object.keys(makers))
  const id = random.next() < 0.9 ? 1 + random.below(2 ** 31 - 1) : random.below(4)
  return { type, id, payload: makers[type]!(random, encoding) }
}

const jsonMessage = (random: Random): string => {
  const frame = wellFormed(random, "json")
  const odd = random.next()
  if (odd < 0.35) return JSON.stringify(frame)
  if (odd < 0.9) return JSON.stringify({ ...frame, payload: mutateValue(random, frame.payload) })
  if (odd < 0.94) return JSON.stringify(mutateValue(random, frame))
  if (odd < 0.96) return JSON.stringify(Array.from({ length: random.below(80) }, () => frame))
  if (odd < 0.97) return JSON.stringify(oddValue(random))
  return Buffer.from(mutateBytes(random, Buffer.from(JSON.stringify(frame)))).toString("latin1")
}

const protoMessage = (random: Random): Uint8Array<ArrayBuffer> => {
  const records = Array.from({ length: random.next() < 0.95 ? 1 : random.below(80) }, () => {
    const frame = encodeFrame(wellFormed(random, "proto"))
    // Within its record, so that what follows can still be read.
    return toRecord(random.next() < 0.4 ? frame : mutateBytes(random, frame))
  })
  const message = concat(records)
  return random.next() < 0.95 ? message : mutateBytes(random, message)
}

/** One message of the transport; now and then of the wrong kind. */
export const fuzzedMessage = (random: Random, encoding: Encoding): Message =>
  random.next() < 0.01 === (encoding === "proto") ? jsonMessage(random) : protoMessage(random)
