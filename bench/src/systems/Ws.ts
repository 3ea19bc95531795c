/**
 * Ws: the `ws` library, one `send` for each delivery.
 */
import type { System } from "../System.ts"
import { nodeServer, startOwn } from "./OwnServer.ts"

export const system: System = {
  name: "ws",
  missing: () => undefined,
  start: (options) => startOwn(nodeServer("ws", "plain"), options)
}
