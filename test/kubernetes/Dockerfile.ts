/**
 * Dockerfile: its stages and instructions, read as far as ours goes.
 */

export interface Instruction {
  readonly name: string
  readonly text: string
}

export interface Stage {
  readonly name: string
  readonly from: string
  readonly instructions: ReadonlyArray<Instruction>
}

/** `ARG` before the first stage gives the values of `${NAME}` in `FROM`. */
export const parseDockerfile = (
  text: string
): { readonly args: ReadonlyMap<string, string>; readonly stages: ReadonlyArray<Stage> } => {
  const lines = text
    .split("\n")
    .filter((line) => !/^\s*(#|$)/.test(line))
    .join("\n")
    .replaceAll(/\\\n\s*/g, "")
    .split("\n")
  const args = new Map<string, string>()
  const stages: Array<Stage & { readonly instructions: Array<Instruction> }> = []
  for (const line of lines) {
    const [, name = "", rest = ""] = /^(\w+)\s+(.*)$/.exec(line) ?? []
    if (name === "ARG") {
      const [key = "", value = ""] = rest.split("=", 2)
      args.set(key, value)
    } else if (name === "FROM") {
      const [image = "", as = ""] = rest.split(/\s+AS\s+/i, 2)
      const from = image.replaceAll(/\$\{(\w+)\}/g, (_, key) => args.get(key) ?? "")
      stages.push({ name: as, from, instructions: [] })
    } else stages.at(-1)!.instructions.push({ name, text: rest })
  }
  return { args, stages }
}

export const instructionsOf = ({ instructions }: Stage, name: string): ReadonlyArray<string> =>
  instructions.filter((it) => it.name === name).map(({ text }) => text)

/** `NAME=value NAME="a value"`. */
const assignmentsIn = (text: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [...text.matchAll(/(\S+?)=(?:"([^"]*)"|(\S*))/g)].map(([, name, quoted, bare]) => [
      name,
      quoted ?? bare ?? ""
    ])
  )

/** What the last stage says of the image that it becomes. */
export interface Settings {
  readonly env: Readonly<Record<string, string>>
  readonly workdir: string
  readonly entrypoint: ReadonlyArray<string>
  readonly command: ReadonlyArray<string>
  readonly uid: number
  readonly gid: number
}

export const settingsOf = (stages: ReadonlyArray<Stage>): Settings => {
  const last = stages.at(-1)!
  const said = (name: string): string => {
    const found = instructionsOf(last, name).at(-1)
    if (found === undefined) throw new Error(`the Dockerfile's last stage has no ${name}`)
    return found
  }
  const [uid, gid] = said("USER").split(":").map(Number) as [number, number]
  return {
    env: Object.assign({}, ...instructionsOf(last, "ENV").map(assignmentsIn)),
    workdir: said("WORKDIR"),
    entrypoint: JSON.parse(said("ENTRYPOINT")),
    command: JSON.parse(said("CMD")),
    uid,
    gid
  }
}
