/**
 * Image: what `docker build` would make, made without Docker.
 *
 * The Dockerfile's instructions are followed one by one, each stage in a directory that
 * stands for its root: the same files are copied and the same commands run. What the base
 * image brings is missing, but for its Node, which is ours, of the same version.
 */
import { execFile } from "node:child_process"
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync
} from "node:fs"
import { tmpdir } from "node:os"
import { basename, dirname, join, resolve } from "node:path"
import { promisify } from "node:util"
import { buildContext } from "./BuildContext.ts"
import { parseDockerfile, type Settings, type Stage, settingsOf } from "./Dockerfile.ts"

const run = promisify(execFile)

export interface Image extends Settings {
  /** Stands for `/`; nobody may write there. */
  readonly root: string
  readonly node: string
  /** All files but those of packages. */
  readonly files: () => ReadonlyArray<string>
  readonly remove: () => Promise<void>
}

/** What `npm test`, and the test runner, have set for themselves. */
const notForOthers =
  /^(?:npm_(?:package|lifecycle|command|config_local_prefix)|INIT_CWD|NODE_ENV$|NODE_OPTIONS$|VITEST)/

const environment = (): Record<string, string | undefined> => ({
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !notForOthers.test(name))),
  PATH: `${dirname(process.execPath)}:${process.env["PATH"]}`,
  // Whoever tests has installed the same packages before.
  npm_config_prefer_offline: "true",
  npm_config_audit: "false",
  npm_config_fund: "false"
})

const copy = (from: string, to: string): void => {
  mkdirSync(dirname(to), { recursive: true })
  cpSync(from, to, { recursive: true, verbatimSymlinks: true })
}

/** The names in a `node_modules`. */
export const packagesIn = (directory: string): ReadonlyArray<string> =>
  readdirSync(directory).flatMap((name) =>
    name.startsWith("@") ? readdirSync(join(directory, name)).map((it) => `${name}/${it}`) : [name]
  )

export const buildImage = async (repository: string, dockerfile: string): Promise<Image> => {
  const { stages } = parseDockerfile(readFileSync(dockerfile, "utf8"))
  const base = mkdtempSync(join(tmpdir(), "weir-image-"))
  const rootOf = (stage: string) => join(base, stage === "" ? "image" : stage)

  const follow = async (stage: Stage): Promise<void> => {
    const root = rootOf(stage.name)
    mkdirSync(root)
    if (existsSync(rootOf(stage.from))) copy(rootOf(stage.from), root)
    let workdir = "/"
    for (const { instructions } of stages.filter(({ name }) => name === stage.from)) {
      for (const { name, text } of instructions) if (name === "WORKDIR") workdir = text
    }
    for (const { name, text } of stage.instructions) {
      if (name === "WORKDIR") {
        workdir = text
        mkdirSync(join(root, workdir), { recursive: true })
      } else if (name === "RUN") {
        await run("sh", ["-c", text], { cwd: join(root, workdir), env: environment() })
      } else if (name === "COPY") {
        const [from, target] = text.replace(/^--from=\S+\s+/, "").split(/\s+/) as [string, string]
        const other = /^--from=(\S+)/.exec(text)?.[1]
        const to = join(root, resolve(workdir, target))
        if (other === undefined) {
          if (from !== ".") throw new Error(`COPY ${text}: only the whole context is understood`)
          for (const file of buildContext(repository)) copy(join(repository, file), join(to, file))
          continue
        }
        const source = join(rootOf(other), from)
        copy(source, statSync(source).isFile() ? join(to, basename(source)) : to)
      }
    }
  }

  const remove = async () => {
    await run("chmod", ["-R", "u+w", base])
    rmSync(base, { recursive: true })
  }
  try {
    // What one stage begins with, or takes, an earlier one has made.
    for (const stage of stages) await follow(stage)
  } catch (error) {
    await remove()
    throw error
  }
  const last = stages.at(-1)!
  const root = rootOf(last.name)
  const node = join(root, "usr/local/bin/node")
  copy(process.execPath, node)
  for (const { name } of stages) {
    if (name !== last.name) rmSync(rootOf(name), { recursive: true })
  }
  // Whoever runs it is somebody else, who reads everything and writes nothing.
  await run("chmod", ["a+rx", base])
  await run("chmod", ["-R", "a+rX,a-w", root])
  return {
    ...settingsOf(stages),
    root,
    node,
    files: () =>
      globSync("**/*.*", { cwd: root, exclude: (path) => path.endsWith("node_modules") }),
    remove
  }
}
