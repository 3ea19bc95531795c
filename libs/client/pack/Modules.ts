/**
 * Modules: the package's JavaScript: one file for each entry, and what they share.
 *
 * It is not minified: whoever bundles it does that, and who debugs it reads it.
 */
import { readFile, writeFile } from "node:fs/promises"
import { dirname, join, relative, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { gzipSync } from "node:zlib"
import { type InputOptions, rolldown } from "rolldown"
import { names, sourceOf } from "./Entries.ts"

const client = fileURLToPath(new URL("..", import.meta.url))

/** What the program brings itself. */
const peer = /^(?:react|effect)(?:\/|$)/

const optionsOf = (input: Record<string, string>): InputOptions => ({
  input,
  external: peer,
  platform: "browser",
  // What Node 20 understands, and browsers since 2022.
  transform: { target: "es2022" }
})

export const writeModules = async (directory: string): Promise<void> => {
  const input = Object.fromEntries(names.map((name) => [name, sourceOf(name)]))
  const bundle = await rolldown(optionsOf(input))
  const { output } = await bundle.write({
    dir: directory,
    format: "esm",
    entryFileNames: "[name].js",
    chunkFileNames: "shared/[name].js",
    sourcemap: true,
    // Where it was packed is nobody's business.
    sourcemapPathTransform: (source, map) => relative(client, resolve(dirname(map), source))
  })
  await bundle.close()
  const modules = output.flatMap((it) => (it.type === "chunk" ? it.moduleIds : []))
  const foreign = modules.filter((module) => module.includes("/node_modules/"))
  await writeFile(join(directory, "NOTICES.txt"), await noticesOf(foreign))
}

/** The licences of other people's code stand in its files' first comments, which bundling drops. */
const noticesOf = async (modules: ReadonlyArray<string>): Promise<string> => {
  const texts = await Promise.all(modules.map((module) => readFile(module, "utf8")))
  const notices = texts.map((text) => /^(?:\/\/.*\n)*/.exec(text)![0].replaceAll(/^\/\/ ?/gm, ""))
  return [...new Set(notices)].sort().join("\n")
}

export interface Size {
  readonly name: string
  readonly minified: number
  readonly gzipped: number
}

/** What an entry weighs in a page, with all that it needs but its peers. */
export const sizeOf = async (name: string): Promise<Size> => {
  const bundle = await rolldown(optionsOf({ [name]: sourceOf(name) }))
  const { output } = await bundle.generate({ format: "esm", minify: true })
  await bundle.close()
  const code = Buffer.concat(
    output.map((it) => Buffer.from(it.type === "chunk" ? it.code : it.source))
  )
  return { name, minified: code.length, gzipped: gzipSync(code, { level: 9 }).length }
}
