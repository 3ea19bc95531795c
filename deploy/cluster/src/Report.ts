/**
 * Report: what is told on standard output: lines for a program, or text for people.
 */
import type { Ending } from "./Child.ts"
import type { NodeLine, ReadyLine, RedisLine } from "./Member.ts"

export interface Ring {
  readonly version: number
  /** Shards by router. */
  readonly owners: Readonly<Record<string, number>>
}

export interface Report {
  readonly ready: (line: ReadyLine) => void
  readonly ended: (name: string, ending: Ending) => void
  readonly ring: (ring: Ring) => void
  /** A command could not be done; everything goes on. */
  readonly refused: (why: string) => void
  /** Everything that was to be started is ready. */
  readonly allReady: (lines: ReadonlyArray<ReadyLine>) => void
  /** Variables for nodes where nobody has set them. */
  readonly nodeDefaults: Readonly<Record<string, string>>
  /** What a node wrote to its standard error. */
  readonly log: (name: string, line: string) => void
}

const log = (name: string, line: string): void => console.error(`${name}: ${line}`)

const forPrograms = (): Report => {
  const print = (line: object) => console.log(JSON.stringify(line))
  return {
    ready: print,
    ended: (name, ending) => print({ ended: name, ...ending }),
    ring: (ring) => print({ ring }),
    refused: (why) => print({ refused: why }),
    allReady: () => print({ ready: true }),
    nodeDefaults: {},
    log
  }
}

const isNode = (line: ReadyLine): line is NodeLine => line.role !== "redis"

const table = (nodes: ReadonlyArray<NodeLine>): string =>
  [
    ["node", "pid", "http", "grpc", "mesh", "ops"],
    ...nodes.map(({ grpc, http, mesh, node, ops, pid }) => [node, pid, http, grpc, mesh, ops])
  ]
    .map(([name, pid, ...doors]) =>
      [
        String(name).padEnd(14),
        String(pid).padEnd(9),
        ...doors.map((door) => String(door ?? "-").padEnd(17))
      ].join("")
    )
    .map((row) => `  ${row.trimEnd()}`)
    .join("\n")

const welcome = (lines: ReadonlyArray<ReadyLine>): string => {
  const nodes = lines.filter(isNode)
  const redis = lines.find((line): line is RedisLine => !isNode(line))
  const http = nodes.flatMap((it) => it.http ?? [])
  const grpc = nodes.flatMap((it) => it.grpc ?? [])
  return `
Weir is running: ${nodes.length} processes over ${redis ? `a Redis of their own on port ${redis.port}` : "your Redis"}.

  Open these and chat     ${http.map((it) => `http://${it}/`).join("  ")}
  Clients connect to      ws://${http[0]}/v1/ws, or any other connector
  Services publish to     ${grpc.join("  ")} (gRPC, key: dev-key)
  A token for Ann         curl -d '{"user":"ann"}' http://${http[0]}/dev/token

${table(nodes)}

Type kill, stop, pause, resume, start or restart and a name, or ring.
Ctrl-C ends everything.
`
}

const forPeople = (): Report => {
  let started = false
  return {
    ready: ({ node, pid }) => {
      if (started) console.log(`${node} is ready (pid ${pid})`)
    },
    ended: (name, { code, signal }) => console.log(`${name} ended (${signal ?? `code ${code}`})`),
    ring: ({ owners, version }) => {
      const rows = Object.entries(owners).map(([name, shards]) => `  ${name.padEnd(14)}${shards}`)
      console.log([`view ${version}: shards by router`, ...rows].join("\n"))
    },
    refused: (why) => console.log(why),
    allReady: (lines) => {
      started = true
      console.log(welcome(lines))
    },
    // Eight nodes tell each other's comings and goings: more than anybody reads.
    nodeDefaults: { WEIR_LOG_LEVEL: "Warn" },
    log
  }
}

export const make = (json: boolean): Report => (json ? forPrograms() : forPeople())
