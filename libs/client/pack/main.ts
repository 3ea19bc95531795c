/**
 * Makes the tarball of `@weir/client` in libs/client/dist, or in `--into DIRECTORY`, and says
 * what each entry weighs. Fails if the plain one is above its limit.
 */
import { execFile } from "node:child_process"
import { copyFile, mkdir, rm } from "node:fs/promises"
import { join, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs, promisify } from "node:util"
import { writeDeclarations } from "./Declarations.ts"
import { main, names, specifierOf } from "./Entries.ts"
import { writeManifest } from "./Manifest.ts"
import { sizeOf, writeModules } from "./Modules.ts"

const LIMIT = 15 * 1024

const room = fileURLToPath(new URL("..", import.meta.url))
const { values } = parseArgs({ options: { into: { type: "string" } } })
const into = resolve(values.into ?? join(room, "dist"))
const directory = join(into, "package")

await rm(directory, { recursive: true, force: true })
await mkdir(directory, { recursive: true })
const [sizes] = await Promise.all([
  Promise.all(names.map(sizeOf)),
  writeModules(directory),
  writeDeclarations(directory),
  writeManifest(directory),
  copyFile(join(room, "README.md"), join(directory, "README.md"))
])
const npm = ["pack", directory, "--pack-destination", into, "--ignore-scripts", "--json"]
const { stdout } = await promisify(execFile)("npm", npm)
const [{ filename, size }] = JSON.parse(stdout)

const kib = (bytes: number) => `${(bytes / 1024).toFixed(1)} KiB`
console.log(`${join(into, filename)}  ${kib(size)}`)
for (const { gzipped, minified, name } of sizes) {
  const entry = specifierOf(name).padEnd(22)
  console.log(`${entry} ${kib(minified).padStart(9)} minified ${kib(gzipped).padStart(9)} gzip`)
}
const plain = sizes.find(({ name }) => name === main)!
if (plain.gzipped > LIMIT) {
  console.error(`${specifierOf(main)} is above its limit of ${kib(LIMIT)} gzip`)
  process.exitCode = 1
}
