/**
 * ViewMessages: the view as it travels between nodes.
 */
import type { View as ViewMessage } from "@weir/proto/mesh/v1/view"
import { type Role, roles, type View } from "./View.ts"

const isRole = (role: string): role is Role => (roles as ReadonlyArray<string>).includes(role)

export const toMessage = ({ nodes, version }: View): ViewMessage => ({ version, nodes: [...nodes] })

/** A newer release may have roles that this one does not know: it does without them. */
export const fromMessage = ({ nodes, version }: ViewMessage): View => ({
  version,
  nodes: nodes.flatMap(({ role, ...node }) => (isRole(role) ? [{ ...node, role }] : []))
})
