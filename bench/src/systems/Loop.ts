/**
 * Loop: a plain Node process that writes what Weir writes: the floor for Node.
 */
import type { System } from "../System.ts"
import { nodeServer, startOwn } from "./OwnServer.ts"

export const system: System = {
  name: "loop",
  missing: () => undefined,
  start: (options) => startOwn(nodeServer("loop", "plain"), options)
}
