/**
 * SessionAccesses: where the session is held that a request names.
 */
import { Cluster } from "@weir/cluster/Cluster"
import { nodesOf } from "@weir/cluster/View"
import { ConnectorNodes } from "@weir/mesh/ConnectorNodes"
import { Effect } from "effect"
import { nodeOf } from "../domain/SessionId.ts"
import type { SessionAccess } from "../SessionAccess.ts"
import * as RelayedSessions from "./RelayedSessions.ts"

/** Its connector has left, and what it held is gone with it. */
const gone: SessionAccess = {
  commands: (_, __, answer) => answer("gone"),
  end: (_, answer) => answer("gone"),
  events: (_, __, { lost }) => {
    lost("gone")
    return { resumed: () => {}, left: () => {} }
  },
  poll: (_, __, answer) => {
    answer("gone")
    return { left: () => {} }
  }
}

export const make = Effect.fnUntraced(function* (node: string, own: SessionAccess) {
  const { view } = yield* Cluster
  const relayed = yield* RelayedSessions.make(yield* ConnectorNodes)
  return (id: string): SessionAccess => {
    const name = nodeOf(id)
    if (name === node) return own
    const holder = nodesOf(view(), "connector").find((it) => it.name === name)
    return holder === undefined ? gone : relayed(holder.mesh)
  }
})
