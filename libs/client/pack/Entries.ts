/**
 * Entries: by which names the published package is entered.
 */
import { readdirSync } from "node:fs"
import { basename, join } from "node:path"
import { fileURLToPath } from "node:url"

const directory = fileURLToPath(new URL("entries", import.meta.url))

/** `client` is the package itself, each other one `@weir/client/<name>`. */
export const main = "client"

export const names = readdirSync(directory)
  .map((file) => basename(file, ".ts"))
  .sort()

export const sourceOf = (name: string): string => join(directory, `${name}.ts`)

export const specifierOf = (name: string): string =>
  name === main ? "@weir/client" : `@weir/client/${name}`
