/**
 * Table: a prediction as lines that people read.
 */
import type { Question } from "./Demands.ts"
import type { Fitted } from "./Fit.ts"
import type { Prediction, Role, RoleNeed, Use } from "./Model.ts"

export const count = (value: number): string => Math.round(value).toLocaleString("en-US")
export const percent = (share: number): string =>
  `${share > 0 && share < 0.095 ? (share * 100).toFixed(1) : Math.round(share * 100)} %`
export const megabytes = (bytes: number): string => `${count(bytes / 1_048_576)} MB`
export const milliseconds = (seconds: number): string =>
  Number.isFinite(seconds) ? `${(seconds * 1_000).toFixed(seconds < 0.01 ? 1 : 0)} ms` : "no end"

const rowOf = (name: Role, need: RoleNeed): ReadonlyArray<string> => [
  name,
  String(need.nodes),
  String(need.needed),
  percent(need.cpu),
  need.memoryBytes === 0 ? "" : megabytes(need.memoryBytes)
]

/** The first column to the left, the others to the right. */
export const aligned = (rows: ReadonlyArray<ReadonlyArray<string>>): ReadonlyArray<string> => {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  return rows.map((row) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)
      )
      .join("   ")
      .trimEnd()
  )
}

/** One sentence on what gives out first, and how far away that is. */
export const firstOf = ([first]: ReadonlyArray<Use>): string => {
  const { resource, role, share } = first!
  const what = `${role} ${resource}`
  return share > 1
    ? `Not enough with any number of nodes: ${what}, at ${percent(share)} of what is allowed.`
    : `First to give out: ${what}, at ${percent(share)} of what is allowed.`
}

/** What was asked, in a line. */
export const loadOf = ({ demand }: Question): string =>
  `${count(demand.connections)} connections, ${count(demand.rate)} publications/s to ${count(demand.fanout)} subscribers each, ` +
  `${demand.payloadBytes} bytes, ${demand.logged ? "logged" : "not logged"}: ` +
  `${count(demand.rate * demand.fanout)} deliveries/s`

/** Everything that no table says. */
export const sentencesOf = (
  question: Question,
  { connector, uses }: Prediction,
  { origins }: Fitted
): ReadonlyArray<string> => {
  const bits = (connector.networkBytesPerSecond * 8) / 1e6
  const gathered = milliseconds(question.limits.turnSeconds)
  return [
    loadOf(question),
    `Each connector: ${count(connector.connections)} connections, ${count(connector.publicationsPerSecond)} publications/s, ` +
      `${count(connector.deliveriesPerSecond)} deliveries/s, ${count(bits)} Mbit/s.`,
    `Taken and written one by one they would need ${percent(connector.cpuUngathered)} of its core; ` +
      `gathered for at most ${gathered}, ${connector.batch.toFixed(1)} to a write, ${percent(connector.cpu)}.`,
    `A publication's last subscriber on a connector is written to after ${milliseconds(connector.spreadSeconds)}.`,
    firstOf(uses),
    "CPU is of one core, and counted with the spare nodes gone.",
    `Constants: ${[...new Set(Object.values(origins))].join(", ")}.`
  ]
}

export const rolesOf = ({ auth, connector, redis, router }: Prediction): ReadonlyArray<string> => {
  const roles: ReadonlyArray<readonly [Role, RoleNeed | undefined]> = [
    ["connector", connector],
    ["router", router],
    ["redis", redis],
    ["auth", auth]
  ]
  const rows = roles.flatMap(([name, need]) => (need === undefined ? [] : [rowOf(name, need)]))
  return aligned([["", "nodes", "needed", "CPU of each", "memory of each"], ...rows])
}
