/**
 * PublishApi: Weir's publish API with bytes for messages: streams on bare grpc-js, and
 * unary calls on less than that.
 *
 * The servers that Weir is compared with answer at the same paths, so that one
 * client measures all of them.
 */
import * as grpc from "@grpc/grpc-js"
import { PublishRequest, PublishServiceDefinition } from "@weir/proto/api/v1/publish"
import { openUnaryCalls, type UnaryCalls } from "./UnaryCalls.ts"

const { fullName, methods } = PublishServiceDefinition

export const publishPath = `/${fullName}/${methods.publish.name}`
export const publishStreamPath = `/${fullName}/${methods.publishStream.name}`

const identity = (bytes: Buffer): Buffer => bytes

export type PublishStreamCall = grpc.ClientDuplexStream<Buffer, Buffer>

export interface PublishApi {
  readonly stream: () => PublishStreamCall
  readonly close: () => void
}

const connectLimitMs = 5_000

/** Opens the connection too, so that no figure holds it. */
export const openPublishApi = async (
  address: string,
  key: string,
  options: grpc.ChannelOptions = {}
): Promise<PublishApi> => {
  const client = new grpc.Client(address, grpc.credentials.createInsecure(), {
    "grpc.enable_http_proxy": 0,
    "grpc.use_local_subchannel_pool": 1,
    ...options
  })
  const metadata = new grpc.Metadata()
  metadata.set("authorization", `Bearer ${key}`)
  await new Promise<void>((resolve, reject) =>
    client.waitForReady(Date.now() + connectLimitMs, (error) =>
      error === undefined ? resolve() : reject(error)
    )
  )
  return {
    stream: () => client.makeBidiStreamRequest(publishStreamPath, identity, identity, metadata),
    close: () => client.close()
  }
}

/** The same for publications one by one. */
export const openPublishCalls = (address: string, key: string): Promise<UnaryCalls> =>
  openUnaryCalls(address, publishPath, `Bearer ${key}`)

/** Field 1 of a message, with this many bytes: what `publications` and `results` both are. */
export const repeatedTag = (1 << 3) | 2

export const varint = (value: number): Buffer => {
  const bytes: Array<number> = []
  let rest = value
  while (rest > 0x7f) {
    bytes.push((rest & 0x7f) | 0x80)
    rest >>>= 7
  }
  bytes.push(rest)
  return Buffer.from(bytes)
}

export const encodeRequest = (channel: string, data: Buffer): Buffer =>
  Buffer.from(
    PublishRequest.encode({ channel, data, contentType: "", messageId: "", key: "" }).finish()
  )

/** One message of a `PublishStream`. */
export const encodeBatch = (requests: ReadonlyArray<Buffer>): Buffer =>
  Buffer.concat(
    requests.flatMap((request) => [Buffer.of(repeatedTag), varint(request.length), request])
  )
