/**
 * View: the nodes of a mesh as one of them knows it, with the version of that
 * knowledge. The view is advice: it names candidates, and never proves ownership.
 */
export const roles = ["connector", "router", "presence", "auth"] as const

export type Role = (typeof roles)[number]

export interface Node {
  readonly name: string
  readonly role: Role
  /** Raised at each start; tells old news from new. */
  readonly incarnation: number
  /** host:port of its mesh listener. */
  readonly mesh: string
  /** It can be reached, but owns nothing. */
  readonly draining: boolean
}

export interface View {
  /** Grows with every change. */
  readonly version: number
  readonly nodes: ReadonlyArray<Node>
}

export const emptyView: View = { version: 0, nodes: [] }

/** The view with this node in it, in place of an earlier life of the same name. */
export const withNode = (view: View, node: Node): View => ({
  version: view.version + 1,
  nodes: [...view.nodes.filter((it) => it.name !== node.name), node]
})

export const withoutNode = (view: View, name: string): View => ({
  version: view.version + 1,
  nodes: view.nodes.filter((it) => it.name !== name)
})

export const nodesOf = (view: View, role: Role): ReadonlyArray<Node> =>
  view.nodes.filter((node) => node.role === role)

/** True for the same life of a node, not for another one under its name. */
export const hasLife = ({ nodes }: View, { incarnation, name }: Node): boolean =>
  nodes.some((node) => node.name === name && node.incarnation === incarnation)
