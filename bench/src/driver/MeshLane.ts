/**
 * MeshLane: a lane to a router, as a connector opens it, that can be left unread.
 *
 * Credit is given back as a connector does: for what was taken in, in parts of the window.
 */
import * as grpc from "@grpc/grpc-js"
import type { Gap } from "@weir/proto/client/v1/client"
import { AttachRequest, type LaneItem, RouterServiceDefinition } from "@weir/proto/mesh/v1/router"
import { readLaneMessage } from "@weir/wire/LaneMessage"

const { fullName, methods } = RouterServiceDefinition
const path = `/${fullName}/${methods.attach.name}`

/** As in the connector: its window, how it gives it back, and what an item without data counts. */
const windowBytes = 1_048_576
const returnedBytes = windowBytes / 8
const controlBytes = 128

const channelOptions: grpc.ChannelOptions = {
  "grpc.enable_http_proxy": 0,
  "grpc.use_local_subchannel_pool": 1,
  "grpc-node.flow_control_window": 4 * 1024 * 1024
}

const connectLimitMs = 5_000

export interface MeshLaneOptions {
  /** Of a router's mesh. */
  readonly address: string
  readonly index: number
  readonly channels: ReadonlyArray<string>
  /** An encoded publication. */
  readonly onPublication: (bytes: Uint8Array) => void
  readonly onGap: (gap: Gap) => void
  readonly onFailure: (why: string) => void
}

export interface MeshLane {
  /** Publications that it has brought, in bytes. */
  readonly bytes: () => number
  /** Takes nothing in any more, and gives no credit back. */
  readonly stall: () => void
  /** Takes in what was sent on the credit that there was, and still gives none. */
  readonly read: () => void
  readonly goOn: () => void
  readonly close: () => void
}

const identity = (bytes: Buffer): Buffer => bytes

/** Once all its channels are attached. */
export const openMeshLane = async (options: MeshLaneOptions): Promise<MeshLane> => {
  const { address, channels, index, onFailure, onGap, onPublication } = options
  const client = new grpc.Client(address, grpc.credentials.createInsecure(), channelOptions)
  await new Promise<void>((resolve, reject) =>
    client.waitForReady(Date.now() + connectLimitMs, (error) =>
      error === undefined ? resolve() : reject(error)
    )
  )
  const call: grpc.ClientDuplexStream<Buffer, Buffer> = client.makeBidiStreamRequest(
    path,
    identity,
    identity,
    new grpc.Metadata()
  )
  const send = (message: NonNullable<AttachRequest["message"]>) =>
    call.write(Buffer.from(AttachRequest.encode({ message }).finish()))
  const attached = Promise.withResolvers<void>()
  let awaited = channels.length
  let consumed = 0
  let bytes = 0
  let isStalled = false
  let isClosing = false

  const onItem = (item: NonNullable<LaneItem["item"]>) => {
    consumed += controlBytes
    if (item.$case === "attached" && --awaited === 0) attached.resolve()
    if (item.$case === "gap") onGap(item.value)
    if (item.$case === "refused" || item.$case === "moved") {
      onFailure(`lane ${index}: ${JSON.stringify(item)}`)
    }
  }
  const reader = {
    onItem,
    onPublication: (publication: Uint8Array) => {
      consumed += publication.byteLength
      bytes += publication.byteLength
      onPublication(publication)
    }
  }
  const giveBack = () => {
    if (isStalled || consumed < returnedBytes) return
    send({ $case: "credit", value: { bytes: consumed } })
    consumed = 0
  }
  call.on("data", (message: Buffer) => {
    readLaneMessage(message, reader)
    giveBack()
  })
  call.on("error", ({ message }) => {
    if (!isClosing) onFailure(`lane ${index}: ${message}`)
  })
  send({ $case: "hello", value: { node: "bench", incarnation: 1, lane: index, view: 0 } })
  send({ $case: "credit", value: { bytes: windowBytes } })
  const wanted = channels.map((channel, place) => ({
    channel,
    since: undefined,
    attach: place + 1
  }))
  send({ $case: "attach", value: { channels: wanted, view: 0 } })
  await attached.promise
  return {
    bytes: () => bytes,
    stall: () => {
      isStalled = true
      call.pause()
    },
    read: () => void call.resume(),
    goOn: () => {
      isStalled = false
      call.resume()
      giveBack()
    },
    close: () => {
      isClosing = true
      call.cancel()
      client.close()
    }
  }
}
