/**
 * Placement: which router owns which channel, by the same rule as theirs.
 */
import { assign, ownerOf } from "@weir/cluster/Assignment"
import type { Node } from "@weir/cluster/View"
import type { Deployment } from "./Deployment.ts"

const nodeOf = (name: string): Node => ({
  ...{ name, role: "router", incarnation: 1, mesh: "", draining: false }
})

/** Of these channels, those that a router owns once the view has all routers that run. */
export const channelsOf = (
  deployment: Deployment,
  router: string,
  channels: ReadonlyArray<string>
): ReadonlyArray<string> => {
  const nodes = deployment.running("router").map(nodeOf)
  const assignment = assign({ version: 1, nodes }, "router")
  return channels.filter((channel) => ownerOf(assignment, channel)?.name === router)
}

export const ownerNow = (deployment: Deployment, channel: string): string => {
  const nodes = deployment.running("router").map(nodeOf)
  return ownerOf(assign({ version: 1, nodes }, "router"), channel)!.name
}
