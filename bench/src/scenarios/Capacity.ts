/**
 * Capacity: what a load needs, by the model; and with `--check` how far the model is
 * from this machine.
 */
import { writeFileSync } from "node:fs"
import { Effect } from "effect"
import { checkExample } from "../capacity/Check.ts"
import { committedConstants, constantsFile } from "../capacity/Constants.ts"
import { example, isOn, parseQuestion } from "../capacity/Demands.ts"
import { type Fitted, fitConstants } from "../capacity/Fit.ts"
import { type Prediction, predict, type Role, type RoleNeed } from "../capacity/Model.ts"
import { sentencesOf } from "../capacity/Table.ts"
import { describeMachine } from "../Machine.ts"
import { runsByScenario, type Stored, storedResults } from "../report/Stored.ts"
import type { Figures, Scenario } from "../Scenario.ts"

const roleFigures = (role: Role, need: RoleNeed): Figures => ({
  system: "weir",
  role,
  nodes: need.nodes,
  needed: need.needed,
  cpu: need.cpu,
  memoryBytes: need.memoryBytes
})

/** One row for each role; what only connectors have is theirs alone. */
const figuresOf = ({
  auth,
  connector,
  redis,
  router,
  uses
}: Prediction): ReadonlyArray<Figures> => [
  {
    ...roleFigures("connector", connector),
    connections: connector.connections,
    publicationsPerSecond: connector.publicationsPerSecond,
    deliveriesPerSecond: connector.deliveriesPerSecond,
    networkBytesPerSecond: connector.networkBytesPerSecond,
    batch: connector.batch,
    cpuUngathered: connector.cpuUngathered,
    spreadMs: Number.isFinite(connector.spreadSeconds) ? connector.spreadSeconds * 1000 : null,
    saturatesFirst: `${uses[0]!.role} ${uses[0]!.resource}`,
    saturatesFirstShare: uses[0]!.share
  },
  roleFigures("router", router),
  ...(redis === undefined ? [] : [roleFigures("redis", redis)]),
  roleFigures("auth", auth)
]

/** Where results are from, as a line for those who did not measure. */
const originOf = (stored: ReadonlyArray<Stored>): string => {
  const { cores, cpu, node, weir } = stored[0]?.machine ?? describeMachine(process.cwd())
  return `${cores} × ${cpu}, Node ${node}, commit ${weir}`
}

const writeConstants = ({ constants }: Fitted, origin: string): void => {
  const rounded = Object.entries(constants).map(([name, value]) => [
    name,
    Number(value.toPrecision(4))
  ])
  const committed = { origin, constants: Object.fromEntries(rounded) }
  writeFileSync(constantsFile, `${JSON.stringify(committed, null, 2)}\n`)
}

const hasNumbers = (options: Readonly<Record<string, string | undefined>>): boolean =>
  ["connections", "fanout", "rate"].some((name) => options[name] !== undefined)

export const scenario: Scenario = {
  name: "capacity",
  summary: "nodes that a load needs: --connections N --fanout F --rate R, or --check",
  peers: [],
  run: Effect.fnUntraced(function* (context) {
    const { options } = context
    const stored = storedResults()
    const fitted = fitConstants(runsByScenario(stored), committedConstants())
    if (isOn(options, "fit")) {
      writeConstants(fitted, originOf(stored))
      const notes = [`constants.json has what bench/results says: ${originOf(stored)}`]
      return { scenario: "capacity", runs: [], ratios: {}, charts: [], notes }
    }
    const asked = hasNumbers(options) ? options : { ...options, ...example }
    const question = yield* parseQuestion(asked)
    if (isOn(options, "check")) return yield* checkExample(context, question, fitted)
    const prediction = predict(question.demand, question.limits, fitted.constants)
    return {
      scenario: "capacity",
      runs: figuresOf(prediction),
      settings: ["role"],
      ratios: {},
      charts: [],
      notes: sentencesOf(question, prediction, fitted)
    }
  })
}
