/**
 * FuzzClients: connections that send fuzzed messages, many at a time, and look at every
 * answer.
 */
import type { Random } from "../faults/Random.ts"
import { jsonCodec } from "../harness/JsonClient.ts"
import { protoCodec } from "../harness/ProtoClient.ts"
import { type Codec, type Frame, WireClient } from "../harness/WireClient.ts"
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

/** Everything that was sent has been looked at: a ping is answered, or the connection is over. */
const answered = async (client: WireClient): Promise<void> => {
  if (!client.isOpen) return
  client.send("ping", {}, pingId)
  await client.take("pong", pingId).catch((error) => {
    if (client.isOpen) throw error
  })
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
    const client = await WireClient.open(http, codecs[encoding])
    // Some say nonsense before they say who they are.
    if (own.next() < 0.95) {
      const { type } = await client.request("connect", { token, versions: ["1"] })
      note(type)
    }
    for (let left = messagesOfOne; left > 0 && client.isOpen && sent < count; left--) {
      client.sendRaw(fuzzedMessage(own, encoding))
      sent++
      // Now and then it listens before it goes on, so that a close is noticed.
      if (left % 4 === 0) await answered(client)
    }
    await answered(client)
    client.close()
    const { code } = await client.closed()
    for (const frame of client.inbox) {
      if (suspicious(frame)) throw new Error(`an answer: ${JSON.stringify(frame)}`)
      note(frame.type === "error" ? `error ${frame.payload.code}` : frame.type)
    }
    note(`closed ${code}`)
    onProgress(sent)
  }

  const worker = async (own: Random) => {
    while (sent < count) await one(own.fork())
  }
  await Promise.all(Array.from({ length: atOnce }, () => worker(random.fork())))
  return seen
}
