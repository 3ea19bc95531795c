/**
 * Calls: fuzzed calls of the publish API, over gRPC and over HTTP.
 */
import { status } from "@grpc/grpc-js"
import type { Random } from "../faults/Random.ts"
import { GrpcReflectionClient } from "../harness/GrpcReflectionClient.ts"
import { fuzzedChannels } from "./Frames.ts"
import { mutateBytes, mutateValue } from "./Mutations.ts"

export interface CallsOptions {
  readonly grpc: string
  readonly http: string
  readonly random: Random
  readonly count: number
  readonly onProgress: (done: number) => void
}

const atOnce = 16

const methods = [
  "PublishService/Publish",
  "PublishService/PublishBatch",
  "HistoryService/GetHistory",
  "PresenceService/GetPresence",
  "AdminService/ListChannels",
  "AdminService/GetRing",
  "PublishService/Nothing"
]

const text = (field: number, value: string) => {
  const bytes = Buffer.from(value)
  return Buffer.concat([Buffer.from([(field << 3) | 2, bytes.byteLength]), bytes])
}

const publication = (random: Random) =>
  Buffer.concat([
    text(1, random.pick(fuzzedChannels)),
    text(2, `{"n":${random.below(100)}}`),
    text(3, random.pick(["", "application/json", "text/plain", "image/png"])),
    text(4, `m-${random.below(20)}`)
  ])

const message = (random: Random): Uint8Array<ArrayBuffer> => {
  const one = publication(random)
  const request = random.next() < 0.5 ? one : Buffer.concat([Buffer.from([0x0a, one.length]), one])
  return random.next() < 0.2 ? new Uint8Array(request) : mutateBytes(random, request)
}

const key = (random: Random) => (random.next() < 0.9 ? "dev-key" : random.pick(["", "x", "dev"]))

const wrong: ReadonlySet<number> = new Set([status.INTERNAL, status.UNKNOWN, status.DATA_LOSS])

const grpcCall = async (api: GrpcReflectionClient, random: Random): Promise<string> => {
  const method = random.pick(methods)
  const answer = await api.callRaw(`/weir.api.v1.${method}`, message(random), key(random))
  if (wrong.has(answer.code)) {
    throw new Error(`${method} answered ${status[answer.code]}: ${answer.details}`)
  }
  return `gRPC ${status[answer.code]}`
}

const grpcStream = async (api: GrpcReflectionClient, random: Random): Promise<string> => {
  const publications = Array.from({ length: random.below(10) }, () => ({
    channel: random.next() < 0.8 ? random.pick(fuzzedChannels) : "nowhere:x",
    data: Buffer.from(mutateBytes(random, Buffer.from(`{"n":1}`))),
    message_id: `s-${random.below(20)}`
  }))
  const { end } = await api.stream(
    "weir.api.v1.PublishService",
    "PublishStream",
    [{ publications }],
    key(random)
  )
  if (wrong.has(end.code)) throw new Error(`a stream ended with ${status[end.code]}`)
  return `gRPC stream ${status[end.code]}`
}

const body = (random: Random): string | Uint8Array<ArrayBuffer> => {
  const one = { channel: random.pick(fuzzedChannels), data: { n: 1 }, messageId: "h" }
  const request = random.next() < 0.5 ? one : { publications: [one, one] }
  if (random.next() < 0.2) return JSON.stringify(request)
  return random.next() < 0.7
    ? JSON.stringify(mutateValue(random, request))
    : mutateBytes(random, Buffer.from(JSON.stringify(request)))
}

const paths = ["/v1/publish", "/v1/publish/batch", "/v1/history", "/v1/presence", "/dev/token"]

const httpCall = async (http: string, random: Random): Promise<string> => {
  const path = random.pick(paths)
  const headers = { authorization: `Bearer ${key(random)}`, "content-type": "application/json" }
  const asks = path.startsWith("/v1/publish") || path.startsWith("/dev")
  const query = new URLSearchParams({
    channel: random.pick([...fuzzedChannels, "", "x", "nowhere:x"]),
    limit: random.pick(["", "1", "-1", "1e9", "NaN"]),
    after: random.pick(["", "0", "x", "99999999999999999999"])
  })
  const response = asks
    ? await fetch(`http://${http}${path}`, { method: "POST", headers, body: body(random) })
    : await fetch(`http://${http}${path}?${query}`, { headers })
  const answer = await response.text()
  if (response.status >= 500) throw new Error(`${path} answered ${response.status}: ${answer}`)
  return `HTTP ${response.status}`
}

/** How often each status came; throws at one that should not be. */
export const runCalls = async (options: CallsOptions): Promise<Map<string, number>> => {
  const { count, grpc, http, onProgress, random } = options
  const seen = new Map<string, number>()
  const api = await GrpcReflectionClient.connect(grpc)
  let begun = 0

  const worker = async (own: Random) => {
    while (begun < count) {
      begun++
      const way = own.next()
      const what =
        way < 0.5
          ? await grpcCall(api, own)
          : way < 0.55
            ? await grpcStream(api, own)
            : await httpCall(http, own)
      seen.set(what, (seen.get(what) ?? 0) + 1)
      if (begun % 100 === 0) onProgress(begun)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, () => worker(random.fork())))
  api.close()
  return seen
}
