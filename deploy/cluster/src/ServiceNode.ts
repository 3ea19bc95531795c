/**
 * ServiceNode: one service as a process, in the way Kubernetes runs it: all it
 * learns is in its environment.
 */
import { fileURLToPath } from "node:url"
import { childEnvironment } from "@weir/config/ChildEnvironment"
import { Deferred, Effect, Exit } from "effect"
import { StartFailed, start as startChild } from "./Child.ts"
import type { Member, NodeLine } from "./Member.ts"
import type { NodePlan } from "./Plan.ts"
import type { Report } from "./Report.ts"

const mainOf = (role: string): string =>
  fileURLToPath(new URL(`../../../services/${role}/src/main.ts`, import.meta.url))

export interface NodeOptions {
  /** The variables that all nodes have in common. */
  readonly shared: Readonly<Record<string, string>>
  readonly report: Report
  /** How long a connector may take to let go of its clients. */
  readonly drainMs: number
}

export const make = (plan: NodePlan, { drainMs, report, shared }: NodeOptions): Member => {
  const { name, role } = plan
  const variables = {
    ...shared,
    WEIR_NODE: name,
    WEIR_HTTP_PORT: String(plan.http),
    WEIR_GRPC_PORT: String(plan.grpc),
    WEIR_MESH_PORT: String(plan.mesh),
    WEIR_OPS_PORT: String(plan.ops)
  }
  const environment = childEnvironment(variables, report.nodeDefaults)
  const launch = Effect.gen(function* () {
    const ready = Deferred.makeUnsafe<NodeLine>()
    const child = yield* startChild({
      command: process.execPath,
      args: [mainOf(role), "--json"],
      env: environment,
      drainMs: role === "connector" ? drainMs : 0,
      // The first line is the node's own, and the one after it says no more.
      onOutput: (line) => {
        if (line.startsWith('{"node"')) Deferred.doneUnsafe(ready, Exit.succeed(JSON.parse(line)))
      },
      onError: (line) => report.log(name, line),
      onEnd: (ending) => report.ended(name, ending)
    })
    const failed = Effect.flatMap(child.ended, () =>
      Effect.fail(new StartFailed({ message: `${name} ended before it was ready; above is why` }))
    )
    return { child, ready: Effect.raceFirst(Deferred.await(ready), failed) }
  })
  return { name, role, launch }
}
