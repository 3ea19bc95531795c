/**
 * LocalRouter: the mesh of a connector that is measured by itself: one router, in the very
 * process, that owns every channel and keeps nothing.
 *
 * What it gives on a lane are the bytes of a router's message: the connector's side of the
 * lane is the real one. To encode them is a router's work and falls to Weir here, once for
 * all subscribers.
 */
import { Cluster, fromViews } from "@weir/cluster/Cluster"
import { emptyView, withNode } from "@weir/cluster/View"
import { Routers } from "@weir/mesh/Routers"
import type { AttachRequest } from "@weir/proto/mesh/v1/router"
import { LaneMessages } from "@weir/wire/LaneMessage"
import { encodePublication } from "@weir/wire/Publications"
import { Effect, Layer, SubscriptionRef } from "effect"
import { positionAt, publisher } from "./Envelope.ts"

/** Of a lane: takes what a router says on it. */
type Hear = (bytes: Buffer) => void

const tell = (hear: Hear, messages: LaneMessages): void => {
  for (const { buffer, byteLength, byteOffset } of messages.take()) {
    hear(Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength))
  }
}

export const make = Effect.gen(function* () {
  const view = yield* SubscriptionRef.make(
    withNode(emptyView, {
      ...{ name: "router-1", role: "router", incarnation: 1, mesh: "local", draining: false }
    })
  )
  const attached = new Map<string, { readonly hear: Hear; offset: number }>()

  const onRequest = (hear: Hear, { message }: AttachRequest): void => {
    if (message?.$case !== "attach") return
    const answers = new LaneMessages()
    for (const { attach, channel } of message.value.channels) {
      const { offset } = attached.get(channel) ?? { offset: 0 }
      attached.set(channel, { hear, offset })
      const position = positionAt(offset)
      answers.push({
        $case: "attached",
        value: { channel, attach, position, recovered: true, reason: "" }
      })
    }
    tell(hear, answers)
  }

  const attach = Effect.sync(() => {
    let hear: Hear = () => {}
    return {
      receive: (onMessage: Hear) =>
        Effect.suspend(() => {
          hear = onMessage
          return Effect.never
        }),
      writeAll: (requests: ReadonlyArray<AttachRequest>) =>
        Effect.sync(() => {
          for (const request of requests) onRequest(hear, request)
        })
    }
  })

  return {
    layer: Layer.merge(
      Layer.mock(Cluster)({ ...fromViews(view), saw: () => {}, heartbeatAge: () => 0 }),
      Layer.mock(Routers)({ attach: () => attach, forward: () => () => false })
    ),
    /** In one message, as what is published in one turn. */
    publish: (channel: string, payloads: ReadonlyArray<Buffer>): void => {
      const lane = attached.get(channel)
      if (lane === undefined) return
      const messages = new LaneMessages()
      const publishedAt = Date.now()
      for (const data of payloads) {
        const position = positionAt(++lane.offset)
        const { bytes } = encodePublication({
          ...{
            channel,
            position,
            publisher,
            publishedAt,
            data,
            messageId: "",
            key: "",
            contentType: ""
          }
        })
        messages.pushPublication(bytes)
      }
      tell(lane.hear, messages)
    }
  }
})
