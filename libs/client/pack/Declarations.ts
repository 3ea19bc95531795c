/**
 * Declarations: the package's types: those that can be reached from its entries.
 */
import { execFile } from "node:child_process"
import { mkdir, readFile, rm, writeFile } from "node:fs/promises"
import { dirname, join, posix } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { names } from "./Entries.ts"

const repository = fileURLToPath(new URL("../../..", import.meta.url))
const tsc = join(repository, "node_modules/typescript/bin/tsc")
const config = fileURLToPath(new URL("tsconfig.json", import.meta.url))

// The compiler rewrites these in what it makes of code, not in declarations.
const relativeImport = /(\bfrom |\bimport\()"(\.[^"]+)\.ts"/g

/** Entries stand at the top, all others under `types/`, as their sources do under `src/`. */
export const writeDeclarations = async (directory: string): Promise<void> => {
  const all = join(directory, "unfinished")
  await promisify(execFile)(process.execPath, [tsc, "-p", config, "--outDir", all])
  const read = async (place: string): Promise<string> => {
    const source = place.startsWith("types/")
      ? place.replace("types/", "libs/client/src/")
      : `libs/client/pack/entries/${place}`
    const text = await readFile(join(all, source), "utf8")
    return text.replaceAll(`"../../src/`, `"./types/`)
  }
  const waiting = names.map((name) => `${name}.d.ts`)
  const found = new Set(waiting)
  for (let place = waiting.pop(); place !== undefined; place = waiting.pop()) {
    const text = await read(place)
    const target = join(directory, place)
    await mkdir(dirname(target), { recursive: true })
    await writeFile(target, text.replaceAll(relativeImport, '$1"$2.js"'))
    for (const [, , specifier] of text.matchAll(relativeImport)) {
      const next = `${posix.join(posix.dirname(place), specifier!)}.d.ts`
      if (!found.has(next)) waiting.push(next)
      found.add(next)
    }
  }
  await rm(all, { recursive: true })
}
