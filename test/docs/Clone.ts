/**
 * Clone: the repository as somebody has it who begins with it, in a directory of its own.
 *
 * What was installed is shared: `npm ci` was the first command of whoever runs this.
 */
import {
  cpSync,
  globSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { basename, join } from "node:path"
import { fileURLToPath } from "node:url"

export const repository = fileURLToPath(new URL("../..", import.meta.url))

const notCloned = new Set(["node_modules", "dist", ".git", ".artifacts"])

export interface Clone {
  readonly root: string
  readonly remove: () => void
}

/** `change`: what has to be different in the examples here. */
export const makeClone = (change: (text: string) => string): Clone => {
  const root = mkdtempSync(join(tmpdir(), "weir-docs-"))
  cpSync(repository, root, { recursive: true, filter: (path) => !notCloned.has(basename(path)) })
  symlinkSync(join(repository, "node_modules"), join(root, "node_modules"))
  for (const file of globSync("examples/*/*", { cwd: root })) {
    const path = join(root, file)
    writeFileSync(path, change(readFileSync(path, "utf8")))
  }
  return { root, remove: () => rmSync(root, { recursive: true, force: true }) }
}
