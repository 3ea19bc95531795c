/**
 * Announce: what a server that chooses its own port prints once it listens: where, and
 * the version of the library that it is made of.
 */
import { createRequire } from "node:module"

const require = createRequire(import.meta.url)

export const announceAddress = (port: number, library: string): void => {
  const { version } = require(`${library}/package.json`) as { readonly version: string }
  console.log(JSON.stringify({ address: `127.0.0.1:${port}`, version }))
}
