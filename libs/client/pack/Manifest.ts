/**
 * Manifest: the package.json of what is published, made from the one of this workspace.
 */
import { readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { main, names } from "./Entries.ts"

const taken = [
  "name",
  "version",
  "description",
  "license",
  "type",
  "engines",
  "peerDependencies",
  "peerDependenciesMeta"
]

export const writeManifest = async (directory: string): Promise<void> => {
  const workspace = new URL("../package.json", import.meta.url)
  const manifest = JSON.parse(await readFile(workspace, "utf8")) as Record<string, unknown>
  const entries = names.map((name) => [
    name === main ? "." : `./${name}`,
    { types: `./${name}.d.ts`, default: `./${name}.js` }
  ])
  const published = {
    ...Object.fromEntries(taken.map((key) => [key, manifest[key]])),
    sideEffects: false,
    exports: { ...Object.fromEntries(entries), "./package.json": "./package.json" }
  }
  await writeFile(join(directory, "package.json"), `${JSON.stringify(published, null, 2)}\n`)
}
