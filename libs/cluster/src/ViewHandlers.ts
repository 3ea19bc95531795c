/**
 * ViewHandlers: a router tells everybody who asks what it knows of the others.
 */
import { implement } from "@weir/grpc/Handlers"
import { ViewServiceDefinition } from "@weir/proto/mesh/v1/view"
import { Effect, Stream } from "effect"
import { Cluster } from "./Cluster.ts"
import { toMessage } from "./ViewMessages.ts"

export const make = Effect.map(Cluster, ({ changes, saw, watched }) =>
  implement(ViewServiceDefinition, {
    watchView: ({ version }) => {
      saw(version)
      // The first is sent even to one who knows it: it says that this router is there.
      const views = Stream.map(changes, (view) => ({ view: toMessage(view) }))
      return Stream.unwrap(Effect.as(watched, views))
    }
  })
)
