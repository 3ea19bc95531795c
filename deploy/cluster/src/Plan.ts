/**
 * Plan: which nodes there are, and on which ports.
 *
 * Ports follow from the base and the order of the nodes alone, so that a node that
 * is started again comes back at its address: Redis has the base, and each node the
 * next four, for http, grpc, mesh and ops.
 */
import { type Role, roles } from "@weir/cluster/View"

export const host = "127.0.0.1"

export interface NodePlan {
  readonly name: string
  readonly role: Role
  readonly http: number
  readonly grpc: number
  readonly mesh: number
  readonly ops: number
}

export type Counts = Readonly<Record<Role, number>>

export const portsPerNode = 4

/** In this order: connectors first, so that their ports do not depend on how many others there are. */
const planned: ReadonlyArray<Role> = ["connector", "router", "presence", "auth"]

const planAt = (name: string, role: Role, base: number, index: number): NodePlan => {
  const http = base + 1 + portsPerNode * index
  return { name, role, http, grpc: http + 1, mesh: http + 2, ops: http + 3 }
}

export const planNodes = (counts: Counts, base: number): ReadonlyArray<NodePlan> =>
  planned
    .flatMap((role) =>
      Array.from({ length: counts[role] }, (_, i) => [`${role}-${i + 1}`, role] as const)
    )
    .map(([name, role], index) => planAt(name, role, base, index))

/** A node that joins later takes the ports after all others; undefined when its name tells no role. */
export const planAnother = (name: string, base: number, index: number): NodePlan | undefined => {
  const role = roles.find((it) => new RegExp(`^${it}-[1-9]\\d{0,3}$`).test(name))
  const plan = role && planAt(name, role, base, index)
  return plan && plan.ops < 65_536 ? plan : undefined
}

/** What a node of its role listens on. */
export const portsOf = ({ grpc, http, mesh, ops, role }: NodePlan): ReadonlyArray<number> => {
  if (role === "connector") return [http, mesh, ops]
  return role === "router" ? [grpc, mesh, ops] : [mesh, ops]
}
