/**
 * Commands: what can be typed while the cluster runs.
 */
import { createInterface } from "node:readline"
import { Effect, FiberSet } from "effect"
import type { Member } from "./Member.ts"
import { type Members, Refused } from "./Members.ts"
import type { Report, Ring } from "./Report.ts"

export interface Surroundings {
  readonly members: Members
  readonly report: Report
  readonly ring: Effect.Effect<Ring, { readonly message: string }>
  /** A node that was not there before; undefined when the name tells no role. */
  readonly another: (name: string) => Member | undefined
}

const verbs = ["kill", "stop", "pause", "resume", "start", "restart"] as const
type Verb = (typeof verbs)[number]
const isVerb = (text: string): text is Verb => (verbs as ReadonlyArray<string>).includes(text)

const known = `commands are ring, and ${verbs.join(", ")} with a name, such as kill router-1`

const act = Effect.fnUntraced(function* (verb: Verb, name: string, around: Surroundings) {
  const { another, members } = around
  if (verb === "start" && !members.names().includes(name)) {
    const member = another(name)
    if (member === undefined)
      return yield* new Refused({
        message: `${name} is no name for a node: the role, a hyphen and a number, such as router-4`
      })
    members.add(member)
  }
  switch (verb) {
    case "kill":
      return yield* members.kill(name)
    case "pause":
      return yield* members.signal(name, "SIGSTOP")
    case "resume":
      return yield* members.signal(name, "SIGCONT")
    default:
      return yield* members[verb](name)
  }
})

export const run = Effect.fnUntraced(function* (line: string, around: Surroundings) {
  const [verb = "", name = "", ...rest] = line.trim().split(/\s+/)
  if (verb === "") return
  const command =
    verb === "ring" && name === ""
      ? Effect.map(around.ring, around.report.ring)
      : isVerb(verb) && name !== "" && rest.length === 0
        ? act(verb, name, around)
        : Effect.fail(new Refused({ message: `${line.trim()}: ${known}` }))
  yield* command.pipe(
    Effect.catch(({ message }) => Effect.sync(() => around.report.refused(message)))
  )
})

/**
 * Commands start in the order of their lines and do not wait for each other: while one node
 * takes its time to stop, another can be killed. The end of the input ends nothing.
 */
export const listen = Effect.fnUntraced(function* (around: Surroundings) {
  const fork = yield* FiberSet.makeRuntime<never, void, never>()
  yield* Effect.acquireRelease(
    Effect.sync(() =>
      createInterface({ input: process.stdin }).on("line", (line) => fork(run(line, around)))
    ),
    (it) => Effect.sync(() => it.close())
  )
})
