/**
 * Mesh: the services as separate processes with a static view, as many of each
 * as a test asks for.
 */
import { freePort } from "./freePort.ts"
import { type Program, type StartOptions, start, type WeirProcess } from "./WeirProcess.ts"

type Role = Exclude<Program, "standalone">

export interface Mesh {
  readonly nodes: ReadonlyMap<string, WeirProcess>
  readonly all: (role: Role) => ReadonlyArray<WeirProcess>
  /** Ends a node and starts it again under its name and mesh address. */
  readonly restart: (name: string, signal: NodeJS.Signals) => Promise<void>
  readonly stop: () => Promise<void>
}

export const startMesh = async (
  counts: Readonly<Partial<Record<Role, number>>>,
  config: Readonly<Record<string, unknown>> = {},
  env: Readonly<Record<string, string>> = {}
): Promise<Mesh> => {
  const nodes: Array<{ name: string; role: Role; mesh: string }> = []
  for (const [role, count] of Object.entries(counts) as Array<[Role, number]>) {
    for (let index = 1; index <= count; index++) {
      nodes.push({ name: `${role}-${index}`, role, mesh: `127.0.0.1:${await freePort()}` })
    }
  }
  const startNode = ({ mesh, name, role }: (typeof nodes)[number]): Promise<WeirProcess> => {
    const options: StartOptions = {
      program: role,
      config: { ...config, nodes },
      env: {
        WEIR_NODE: name,
        WEIR_DEVELOPMENT: "true",
        WEIR_MESH_PORT: mesh.slice(mesh.indexOf(":") + 1),
        ...env
      }
    }
    return start(options)
  }
  const started = await Promise.all(nodes.map(startNode))
  const running = new Map(started.map((process) => [process.node, process]))
  return {
    nodes: running,
    all: (role) => [...running.values()].filter((process) => process.role === role),
    restart: async (name, signal) => {
      await running.get(name)!.stop(signal)
      running.set(name, await startNode(nodes.find((node) => node.name === name)!))
    },
    stop: async () => {
      await Promise.all([...running.values()].map((process) => process.stop()))
    }
  }
}
