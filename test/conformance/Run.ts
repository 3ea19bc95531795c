/**
 * Run: one case against a real server, over a connection of its own.
 */
import { jsonCodec } from "../harness/JsonClient.ts"
import { protoCodec } from "../harness/ProtoClient.ts"
import { type Case, echoChannel } from "./Case.ts"
import { binary, close, opcodes, text } from "./RawFrame.ts"
import { RawSocket, type ServerFrame } from "./RawSocket.ts"
import { upgradeRequest } from "./UpgradeRequest.ts"

export interface Outcome {
  readonly answers: ReadonlyArray<string>
  readonly pongs: ReadonlyArray<string>
  readonly ends: string
  readonly faults: ReadonlyArray<string>
}

export interface Against {
  readonly http: string
  readonly token: string
  readonly localAddress: string
}

type Format = "json" | "proto"

type Wanted = NonNullable<Case["answers"]>

const listOf = (wanted: Wanted): ReadonlyArray<string> => (wanted === "any" ? [] : wanted)

const goodbye = "1000 goodbye"

/** An answer in short; undefined: no case is about it. */
const describe = (format: Format, { opcode, payload }: ServerFrame) => {
  const isText = opcode === opcodes.text
  const codec = format === "json" ? jsonCodec : protoCodec
  const message = isText ? new TextDecoder("utf-8", { fatal: true }).decode(payload) : payload
  return codec.decode(message as string | Uint8Array<ArrayBuffer>).flatMap(({ id, ...frame }) => {
    const { type, payload: said } = frame
    if (type === "connected" || type === "published") return []
    const words = [type, id, said.code].filter((word) => word !== undefined)
    if (type === "publication") {
      words.push(
        format === "json" ? JSON.stringify(said.data) : Buffer.from(said.data).toString("hex")
      )
    }
    return words.join(" ")
  })
}

const endOf = ({ closeFrame }: RawSocket): string => {
  if (closeFrame === undefined) return "cut"
  const { payload } = closeFrame
  if (payload.length === 0) return "no code"
  // What stands behind the name of an ending of ours is for people.
  const reason = payload.toString("utf8", 2).split(/[:;]/, 1)[0]
  return `${payload.readUInt16BE(0)} ${reason}`.trim()
}

const outcomeOf = (socket: RawSocket, format: Format): Outcome => ({
  answers: socket.frames
    .filter(({ opcode }) => opcode === opcodes.text || opcode === opcodes.binary)
    .flatMap((frame) => describe(format, frame)),
  pongs: socket.frames
    .filter(({ opcode }) => opcode === opcodes.pong)
    .map(({ payload }) => payload.toString("hex")),
  ends: endOf(socket),
  faults: socket.faults
})

/** The same as an outcome of `run` where all is well. */
export const expected = ({ answers = [], ends = goodbye, pongs = [] }: Case): Outcome => ({
  answers: listOf(answers),
  pongs: listOf(pongs),
  ends,
  faults: []
})

const open = async (socket: RawSocket, format: Format, offers?: string) => {
  await socket.write(
    upgradeRequest({
      "Sec-WebSocket-Protocol": `weir.v1.${format}`,
      "Sec-WebSocket-Extensions": offers
    })
  )
  await socket.until("is open", () => socket.head?.status === 101)
}

const connect = async (
  socket: RawSocket,
  format: Format,
  token: string,
  channels: ReadonlyArray<string>
) => {
  const codec = format === "json" ? jsonCodec : protoCodec
  const subscriptions = channels.map((channel) => ({ channel }))
  const payload = { token, versions: ["1"], subscriptions }
  const message = codec.encode([{ type: "connect", id: 1, payload }])
  await socket.write(typeof message === "string" ? text(message) : binary(message))
  await socket.until("is connected", () => socket.frames.length > 0)
}

/** Subscribed to this channel, and in JSON unless it is said. */
export const listenTo = async (
  channel: string,
  { http, localAddress, token }: Against,
  { format = "json", offers }: Pick<Case, "format" | "offers"> = {}
): Promise<RawSocket> => {
  const socket = new RawSocket(http, localAddress)
  await open(socket, format, offers)
  await connect(socket, format, token, [channel])
  return socket
}

export const run = async (row: Case, { http, localAddress, token }: Against): Promise<Outcome> => {
  const { answers = [], ends, format = "json", offers, pongs = [], sends } = row
  const { from = listOf(answers).length > 0 ? "connected" : "opened" } = row
  const socket = new RawSocket(http, localAddress)
  try {
    await open(socket, format, offers)
    const channels = from === "echo" ? [echoChannel] : []
    if (from !== "opened") await connect(socket, format, token, channels)
    const isAnswered = () => {
      const got = outcomeOf(socket, format)
      const has = (list: ReadonlyArray<string>, wanted: Wanted) =>
        list.length >= listOf(wanted).length
      return has(got.answers, answers) && has(got.pongs, pongs)
    }
    for (const step of sends) {
      if (step === "answered") await socket.until("is answered", isAnswered)
      else if (step === "end") socket.end()
      else await socket.write(step)
    }
    if (ends === undefined) {
      await socket.until("is answered", isAnswered)
      await socket.write(close(1000, "goodbye"))
    }
    await socket.until("ends", () => socket.hasEnded)
  } catch (error) {
    const { message } = error as Error
    throw new Error(`${message}: ${JSON.stringify(outcomeOf(socket, format))}`)
  } finally {
    socket.destroy()
  }
  const outcome = outcomeOf(socket, format)
  return {
    ...outcome,
    ...(answers === "any" ? { answers: [] } : {}),
    ...(pongs === "any" ? { pongs: [] } : {})
  }
}
