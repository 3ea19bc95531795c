/**
 * Doors: where this process can be reached, known once its listeners are up.
 */
import { Context, Effect, Layer } from "effect"

/** `http`: the client edge. `grpc`: the publish API. `mesh`: other nodes. `ops`: probes and metrics. */
export type Door = "http" | "grpc" | "mesh" | "ops"

export class Doors extends Context.Service<
  Doors,
  {
    readonly opened: (door: Door, address: string) => Effect.Effect<void>
    readonly addresses: () => Readonly<Record<Door, string | null>>
  }
>()("weir/telemetry/Doors") {
  static readonly layer: Layer.Layer<Doors> = Layer.sync(Doors, () => {
    const addresses: Record<Door, string | null> = { http: null, grpc: null, mesh: null, ops: null }
    return Doors.of({
      opened: (door, address) =>
        Effect.sync(() => {
          addresses[door] = address
        }),
      addresses: () => addresses
    })
  })
}
